//! A Vault and an etcd, prepared as `ckecli vault init` does.

use cke_pki::init::Initializer;
use cke_pki::{Issuer, connect};
use cke_storage::{PREFIX, Storage};
use neco_etcd::{Config, Etcd as Client};
use neco_vault::{Endpoint, Vault};
use testkit::etcd::Etcd;
use testkit::vault::Vault as Server;

/// Everything that a cluster's certificates need.
pub(crate) struct Site {
    pub(crate) server: Server,
    pub(crate) etcd: Etcd,
    pub(crate) storage: Storage,
}

impl Site {
    /// An empty Vault and an empty etcd.
    pub(crate) async fn empty() -> Site {
        let (server, etcd) = tokio::join!(Server::start(), Etcd::start());
        let config = Config {
            endpoints: etcd.endpoints(),
            ..Config::new(PREFIX)
        };
        let storage = Storage::new(Client::connect(&config).await.unwrap());
        Site { server, etcd, storage }
    }

    pub(crate) async fn initializer(&self) -> Initializer {
        let endpoint = Endpoint::new(&self.server.url());
        let admin = Vault::with_token(&endpoint, self.server.root_token()).await.unwrap();
        Initializer::new(admin, self.storage.clone(), "")
    }

    /// Prepared, and an issuer that is logged in as CKE.
    pub(crate) async fn prepared() -> (Site, Issuer) {
        let site = Site::empty().await;
        site.initializer().await.run().await.unwrap();
        let issuer = site.issuer().await;
        (site, issuer)
    }

    pub(crate) async fn issuer(&self) -> Issuer {
        let config = self.storage.vault_config().await.unwrap().unwrap().value;
        Issuer::new(connect(&config).await.unwrap(), self.storage.clone())
    }
}
