//! What the tests share: a real etcd, an open store on it, specifications of machines.

use neco_etcd::{Config, Etcd};
use sabakan_model::{Bmc, IpamConfig, MachineSpec, decode_stored};
use sabakan_storage::{Actor, Storage, StorageOptions};
use testkit::etcd::Etcd as Server;
use tokio_util::sync::{CancellationToken, DropGuard};

pub const PREFIX: &str = "/sabakan/";

/// A store that follows its etcd until it is dropped.
pub struct Site {
    pub server: Server,
    pub etcd: Etcd,
    pub storage: Storage,
    _stop: DropGuard,
}

impl Site {
    /// A new etcd with address formulas.
    pub async fn start() -> Self {
        let site = Self::empty().await;
        site.storage.put_ipam(&actor(), &ipam()).await.unwrap();
        site
    }

    /// A new etcd without anything.
    pub async fn empty() -> Self {
        let server = Server::start().await;
        let etcd = Etcd::connect(&config(server.endpoints())).await.unwrap();
        let (storage, stop) = open(&etcd, StorageOptions::default()).await;
        Self {
            server,
            etcd,
            storage,
            _stop: stop,
        }
    }

    /// Another server on the same etcd.
    pub async fn another(&self) -> (Storage, DropGuard) {
        let etcd = Etcd::connect(&config(self.server.endpoints())).await.unwrap();
        open(&etcd, StorageOptions::default()).await
    }

    /// The value of a key as text.
    pub async fn value(&self, key: &str) -> Option<String> {
        self.etcd
            .get(key)
            .await
            .unwrap()
            .map(|kv| String::from_utf8(kv.value).unwrap())
    }

    /// How many keys begin with `prefix`.
    pub async fn count(&self, prefix: &str) -> usize {
        self.etcd.read_prefix(prefix).await.unwrap().kvs.len()
    }
}

pub async fn open(etcd: &Etcd, options: StorageOptions) -> (Storage, DropGuard) {
    let storage = Storage::open(etcd.clone(), options).await.unwrap();
    let stop = CancellationToken::new();
    tokio::spawn(storage.clone().run(stop.clone()));
    (storage, stop.drop_guard())
}

pub fn config(endpoints: Vec<String>) -> Config {
    Config {
        endpoints,
        prefix: Some(PREFIX.to_owned()),
        ..Config::default()
    }
}

pub fn actor() -> Actor {
    Actor {
        user: "alice".to_owned(),
        ip: "127.0.0.1".to_owned(),
        host: "boot-0".to_owned(),
        request_id: "req-1".to_owned(),
    }
}

pub fn ipam() -> IpamConfig {
    let text = r#"{"max-nodes-in-rack":28,"node-ipv4-pool":"10.64.0.0/10","node-ipv4-range-size":6,
        "node-ipv4-range-mask":26,"node-ip-per-node":3,"node-index-offset":3,"node-gateway-offset":1,
        "bmc-ipv4-pool":"10.0.0.0/11","bmc-ipv4-range-size":5,"bmc-ipv4-range-mask":20,"bmc-ipv4-gateway-offset":1}"#;
    decode_stored(text.as_bytes()).unwrap()
}

pub fn spec(serial: &str, rack: u64, role: &str) -> MachineSpec {
    let bmc = Bmc {
        bmc_type: "IPMI-2.0".to_owned(),
        ..Bmc::default()
    };
    let labels = [("product", "R630"), ("machine-type", "r630-1")];
    let labels = labels.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    MachineSpec {
        serial: serial.to_owned(),
        rack,
        role: role.to_owned(),
        labels: Some(labels),
        bmc,
        ..MachineSpec::default()
    }
}

/// `count` worker machines, 28 in a rack from rack 0 on.
pub fn fleet(count: u64) -> Vec<MachineSpec> {
    (0..count).map(|n| spec(&format!("m{n:05}"), n / 28, "cs")).collect()
}
