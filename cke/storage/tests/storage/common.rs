//! What the tests share: a real etcd with CKE's prefix, and a leader.

use cke_storage::{PREFIX, Storage};
use neco_etcd::{Config, Etcd, Leadership};
use std::time::Duration;
use testkit::etcd::Etcd as Server;

pub(crate) const LIMIT: usize = cke_model::cluster::DEFAULT_REQUEST_LIMIT;

pub(crate) struct Site {
    _server: Server,
    pub(crate) etcd: Etcd,
    pub(crate) storage: Storage,
}

impl Site {
    pub(crate) async fn start() -> Self {
        let server = Server::start().await;
        let config = Config {
            endpoints: server.endpoints(),
            prefix: Some(PREFIX.to_owned()),
            ..Config::default()
        };
        let etcd = Etcd::connect(&config).await.unwrap();
        let storage = Storage::new(etcd.clone());
        Self {
            _server: server,
            etcd,
            storage,
        }
    }

    pub(crate) async fn lead(&self, name: &str) -> Leadership {
        let election = self.storage.election(name, Duration::from_secs(10));
        election.campaign().await.unwrap()
    }

    /// The value of a key as text.
    pub(crate) async fn value(&self, key: &str) -> Option<String> {
        let kv = self.etcd.get(key).await.unwrap();
        kv.map(|kv| String::from_utf8(kv.value).unwrap())
    }

    pub(crate) async fn put(&self, key: &str, value: &str) {
        self.etcd.put(key, value).await.unwrap();
    }
}
