//! Credentials from a real Vault: kept, and good enough while Vault is sealed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use cke_etcd::{Access, Error};
use cke_pki::init::Initializer;
use cke_pki::{Issuer, connect};
use cke_storage::{PREFIX, Storage};
use neco_etcd::{Config, Etcd as Client};
use neco_vault::{Endpoint, Vault};
use testkit::etcd::Etcd;
use testkit::vault::Vault as Server;

#[tokio::test]
async fn one_certificate_serves_until_it_is_due() {
    let (server, etcd) = tokio::join!(Server::start(), Etcd::start());
    let config = Config {
        endpoints: etcd.endpoints(),
        ..Config::new(PREFIX)
    };
    let storage = Storage::new(Client::connect(&config).await.unwrap());
    let admin = Vault::with_token(&Endpoint::new(&server.url()), server.root_token())
        .await
        .unwrap();
    Initializer::new(admin, storage.clone(), "").run().await.unwrap();
    let settings = storage.vault_config().await.unwrap().unwrap().value;
    let issuer = Issuer::new(connect(&settings).await.unwrap(), storage);

    let access = Access::new(issuer.clone());
    let first = access.etcd(vec!["https://127.0.0.1:1".to_owned()]).await.unwrap();
    assert_eq!(first.endpoints(), ["https://127.0.0.1:1"]);
    server.seal().await;
    let second = access.etcd(vec!["https://127.0.0.1:2".to_owned()]).await.unwrap();
    assert_eq!(second.endpoints(), ["https://127.0.0.1:2"]);
    let fresh = Access::new(issuer).etcd(Vec::new()).await.unwrap_err();
    assert!(matches!(fresh, Error::Credentials(_)), "{fresh}");
}
