//! `ckecli vault init` against a real Vault: from nothing, again, and after half of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use cke_model::certificate::Authority;
use cke_pki::init::{Step, decide};
use cke_pki::validate;
use common::Site;

#[tokio::test]
async fn an_empty_vault_is_prepared_and_a_second_run_changes_nothing() {
    let site = Site::empty().await;
    let done = site.initializer().await.run().await.unwrap();
    assert_eq!(done.len(), 6 + 1 + 1 + 6, "{done:#?}");
    assert_eq!(done[0], "mounted pki on cke/ca-server");
    assert!(done.contains(&"mounted kv version 1 on cke/secrets".to_owned()));
    assert!(done.contains(&"issued root certificate for cke/ca-kubernetes-webhook".to_owned()));
    let config = site.storage.vault_config().await.unwrap().unwrap().value;
    validate(&config).unwrap();
    assert_eq!(config.endpoint, site.server.url());
    let issuer = site.issuer().await;
    let keys = issuer.encryption_keys().await.unwrap();
    let before = site.etcd.ctl(&["get", "--prefix", "/cke/"]);

    assert_eq!(site.initializer().await.run().await.unwrap(), Vec::<String>::new());
    assert_eq!(site.etcd.ctl(&["get", "--prefix", "/cke/"]), before);
    assert_eq!(issuer.encryption_keys().await.unwrap(), keys);
}

#[tokio::test]
async fn authorities_have_the_names_and_the_life_of_the_recorded_ones() {
    let (site, _issuer) = Site::prepared().await;
    for (authority, name) in [
        (Authority::Server, "server CA"),
        (Authority::EtcdPeer, "etcd peer CA"),
        (Authority::EtcdClient, "etcd client CA"),
        (Authority::Kubernetes, "kubernetes CA"),
        (Authority::KubernetesAggregation, "kubernetes aggregation CA"),
        (Authority::KubernetesWebhook, "kubernetes webhook CA"),
    ] {
        let pem = site.storage.ca(authority).await.unwrap().unwrap();
        let (_, pem) = x509_parser::pem::parse_x509_pem(pem.as_bytes()).unwrap();
        let certificate = pem.parse_x509().unwrap();
        assert_eq!(certificate.subject().to_string(), format!("CN={name}"));
        let life = certificate.validity().not_after.timestamp() - certificate.validity().not_before.timestamp();
        // Vault reads its clock twice, so a second may pass in between.
        assert_eq!((life + 5) / 10 * 10, 876_000 * 3600 + 30, "{name}");
        assert!(certificate.is_ca());
    }
}

/// Whoever withdrew CKE's credentials, or lost its role, gives it new ones with the same command.
#[tokio::test]
async fn withdrawn_credentials_are_replaced() {
    let (site, _issuer) = Site::prepared().await;
    let before = site.storage.vault_config().await.unwrap().unwrap().value;
    site.server
        .request("DELETE", "auth/approle/role/cke", &serde_json::Value::Null)
        .await;
    assert!(cke_pki::connect(&before).await.is_err());
    assert_eq!(site.initializer().await.run().await.unwrap(), Vec::<String>::new());
    let after = site.storage.vault_config().await.unwrap().unwrap().value;
    assert_ne!(after.role_id, before.role_id);
    cke_pki::connect(&after).await.unwrap();
    site.initializer().await.run().await.unwrap();
    assert_eq!(site.storage.vault_config().await.unwrap().unwrap().value, after);
}

/// An etcd that has lost an authority's certificate gets the one that Vault issues by, not a second one.
#[tokio::test]
async fn a_lost_certificate_of_an_authority_is_taken_over_from_vault() {
    let (site, _issuer) = Site::prepared().await;
    let before = site.storage.ca(Authority::Kubernetes).await.unwrap().unwrap();
    site.etcd.ctl(&["del", "/cke/ca/kubernetes"]);
    let initializer = site.initializer().await;
    let steps = decide(&initializer.observe().await.unwrap());
    assert!(steps.contains(&Step::MakeAuthority(Authority::Kubernetes)), "{steps:?}");
    let done = initializer.run().await.unwrap();
    assert_eq!(done, ["took over the root certificate of cke/ca-kubernetes"]);
    let after = site.storage.ca(Authority::Kubernetes).await.unwrap().unwrap();
    assert_eq!(after.trim(), before.trim());
}

#[tokio::test]
async fn a_run_that_failed_half_way_is_finished_by_the_next() {
    let site = Site::empty().await;
    let initializer = site.initializer().await;
    let steps = decide(&initializer.observe().await.unwrap());
    for step in steps.iter().take(9) {
        initializer.apply(step).await.unwrap();
    }
    site.server.seal().await;
    let error = site.initializer().await.run().await.unwrap_err();
    assert!(error.is_unavailable(), "{error}");
    site.server.unseal().await;
    site.initializer().await.run().await.unwrap();
    let state = site.initializer().await.observe().await.unwrap();
    assert_eq!(decide(&state), [Step::WritePolicy, Step::MakeEncryptionKey]);
}
