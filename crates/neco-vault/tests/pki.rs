//! Authorities, roles, certificates, tidying.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use std::collections::BTreeMap;

use common::admin;
use neco_vault::{Error, Mount, Options, Vault};
use testkit::vault::Vault as Server;
use testkit::wait::{PATIENCE, holds, wait_for};

async fn authority(vault: &Vault, mount: &str, ttl: &str) -> String {
    let kind = Mount {
        kind: "pki".to_owned(),
        config: BTreeMap::from([("max_lease_ttl".to_owned(), "876000h".to_owned())]),
        ..Mount::default()
    };
    vault.mount(mount, &kind).await.unwrap();
    assert_eq!(
        vault.pki_ca(mount).await.unwrap(),
        None,
        "an engine without an authority"
    );
    vault.pki_generate_root(mount, "some CA", ttl).await.unwrap()
}

fn options(pairs: &[(&'static str, &str)]) -> Options {
    pairs.iter().map(|(k, v)| (*k, (*v).to_owned())).collect()
}

#[tokio::test]
async fn roles_come_and_go_and_issue() {
    let server = Server::start().await;
    let vault = admin(&server).await;
    let root = authority(&vault, "cke/ca-a", "87600h").await;
    assert_eq!(vault.pki_ca("cke/ca-a").await.unwrap().unwrap().trim(), root.trim());
    let asked = options(&[("common_name", "x"), ("ttl", "1h")]);
    let unknown = vault.pki_issue("cke/ca-a", "r", &asked).await.unwrap_err();
    assert!(unknown.rejection().unwrap().contains("unknown role"), "{unknown}");
    assert!(!vault.pki_has_role("cke/ca-a", "r").await.unwrap());
    assert_eq!(vault.pki_roles("cke/ca-a").await.unwrap(), Vec::<String>::new());
    let role = options(&[("allow_any_name", "true"), ("max_ttl", "2h")]);
    vault.pki_put_role("cke/ca-a", "r", &role).await.unwrap();
    assert!(vault.pki_has_role("cke/ca-a", "r").await.unwrap());
    assert_eq!(vault.pki_roles("cke/ca-a").await.unwrap(), ["r"]);
    let issued = vault.pki_issue("cke/ca-a", "r", &asked).await.unwrap();
    assert!(issued.certificate.starts_with("-----BEGIN CERTIFICATE-----"));
    assert!(issued.private_key.expose().contains("PRIVATE KEY"));
    assert!(!format!("{issued:?}").contains("PRIVATE KEY"));
    vault.pki_delete_role("cke/ca-a", "r").await.unwrap();
    assert!(!vault.pki_has_role("cke/ca-a", "r").await.unwrap());
}

#[tokio::test]
async fn ended_certificates_are_forgotten() {
    let server = Server::start().await;
    let vault = admin(&server).await;
    authority(&vault, "cke/ca-a", "87600h").await;
    let role = options(&[("allow_any_name", "true")]);
    vault.pki_put_role("cke/ca-a", "r", &role).await.unwrap();
    for ttl in ["1s", "1h"] {
        let asked = options(&[("common_name", "x"), ("ttl", ttl)]);
        vault.pki_issue("cke/ca-a", "r", &asked).await.unwrap();
    }
    assert_eq!(vault.pki_certificates("cke/ca-a").await.unwrap().len(), 3);
    wait_for("the ended certificate to go", PATIENCE, || async {
        // One that runs already is no trouble.
        let words = vault.pki_tidy("cke/ca-a", "1s").await.unwrap();
        assert!(words.iter().any(|w| w.contains("idy operation")), "{words:?}");
        let left = vault.pki_certificates("cke/ca-a").await.unwrap().len();
        holds(left == 2, format!("{left} certificates"))
    })
    .await;
}

#[tokio::test]
async fn an_engine_that_is_not_there_is_named() {
    let server = Server::start().await;
    let vault = admin(&server).await;
    let error = vault.kv_read("cke/secrets/ssh").await.unwrap_err();
    assert!(matches!(&error, Error::Rejected { status: 404, .. }), "{error}");
    let error = vault.pki_tidy("cke/ca-none", "1m").await.unwrap_err();
    assert!(error.to_string().contains("cke/ca-none"), "{error}");
}
