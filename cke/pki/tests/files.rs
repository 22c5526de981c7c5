//! What plans call files becomes bytes, with the mode and owner that they need; keys rotate; the pair of service accounts stays.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use std::time::Duration;

use cke_model::ResolvedFile;
use cke_model::certificate::{Authority, Certificate};
use cke_model::operation::{Content, NodeFile, NodeFiles};
use cke_pki::{Error, Issuer};
use common::Site;
use jiff::Timestamp;
use neco_etcd::{Guard, Leadership};
use serde_json::Value;
use testkit::wait::{PATIENCE, wait_for};

fn file(path: &str, content: Content) -> NodeFile {
    NodeFile {
        path: path.to_owned(),
        content,
    }
}

fn text(file: &ResolvedFile) -> &str {
    std::str::from_utf8(&file.bytes).unwrap()
}

async fn leader(site: &Site) -> Leadership {
    let election = site.storage.etcd().election("leader/", "me", Duration::from_secs(60));
    election.campaign().await.unwrap()
}

#[tokio::test]
async fn every_content_becomes_bytes() {
    let (site, issuer) = Site::prepared().await;
    let leadership = leader(&site).await;
    let pair = issuer.ensure_service_account(&leadership.guard()).await.unwrap();
    let kubeconfig = Content::Kubeconfig {
        cluster: "lab".to_owned(),
        user: "system:kube-scheduler".to_owned(),
        server: "https://localhost:16443".to_owned(),
        certificate: Certificate::Scheduler,
    };
    let files = vec![
        file("/etc/a/text", Content::Text("plain".to_owned())),
        file("/etc/etcd/pki/ca-peer.crt", Content::Ca(Authority::EtcdPeer)),
        file("/etc/etcd/pki/peer", Content::KeyPair(Certificate::EtcdForApiServer)),
        file("/etc/kubernetes/pki/service-account", Content::ServiceAccountKeyPair),
        file("/etc/kubernetes/pki/service-account.key", Content::ServiceAccountKey),
        file("/etc/kubernetes/scheduler/kubeconfig", kubeconfig),
        file(
            "/etc/kubernetes/apiserver/encryption.yml",
            Content::EncryptionConfiguration,
        ),
    ];
    let node = |address: &str| NodeFiles {
        node: address.to_owned(),
        files: files.clone(),
    };
    let resolved = issuer.resolve_all(&[node("10.0.0.1"), node("10.0.0.2")]).await.unwrap();
    let one = &resolved["10.0.0.1"];
    let seen: Vec<(&str, u32, u32)> = one.iter().map(|f| (f.path.as_str(), f.mode, f.owner)).collect();
    assert_eq!(
        seen,
        [
            ("/etc/a/text", 0o644, 0),
            ("/etc/etcd/pki/ca-peer.crt", 0o644, 10000),
            ("/etc/etcd/pki/peer.crt", 0o644, 10000),
            ("/etc/etcd/pki/peer.key", 0o600, 10000),
            ("/etc/kubernetes/pki/service-account.crt", 0o644, 0),
            ("/etc/kubernetes/pki/service-account.key", 0o600, 0),
            ("/etc/kubernetes/pki/service-account.key", 0o600, 0),
            ("/etc/kubernetes/scheduler/kubeconfig", 0o600, 0),
            ("/etc/kubernetes/apiserver/encryption.yml", 0o600, 0),
        ]
    );
    assert_eq!(text(&one[0]), "plain");
    assert_eq!(text(&one[1]), issuer.ca(Authority::EtcdPeer).await.unwrap());
    assert_eq!(text(&one[4]), pair.certificate);
    assert_eq!(text(&one[5]), pair.key.expose());
    assert_eq!(text(&one[6]), pair.key.expose());
    let other = &resolved["10.0.0.2"];
    assert_ne!(text(&other[3]), text(&one[3]), "each node has a key of its own");
    assert_eq!(text(&other[8]), text(&one[8]));
    assert!(!format!("{resolved:?}").contains("PRIVATE KEY"));
    let single = issuer.resolve(&files[1]).await.unwrap();
    assert_eq!(single, [one[1].clone()]);
}

#[tokio::test]
async fn the_pair_of_service_accounts_is_made_once_and_only_by_the_leader() {
    let (site, issuer) = Site::prepared().await;
    assert!(matches!(issuer.service_account().await, Err(Error::NoServiceAccount)));
    let former = Guard::Exists("leader//gone".to_owned());
    let refused = issuer.ensure_service_account(&former).await.unwrap_err();
    assert!(refused.to_string().contains("leadership"), "{refused}");
    assert!(matches!(issuer.service_account().await, Err(Error::NoServiceAccount)));
    let leadership = leader(&site).await;
    let guard = leadership.guard();
    let (a, b) = tokio::join!(
        issuer.ensure_service_account(&guard),
        issuer.ensure_service_account(&guard)
    );
    let (a, b) = (a.unwrap(), b.unwrap());
    assert_eq!(a, b);
    let stored = site
        .etcd
        .ctl(&["get", "--print-value-only", "/cke/service-account/certificate"]);
    assert_eq!(stored.trim(), a.certificate.trim());
}

#[tokio::test]
async fn the_encryption_key_rotates_and_one_old_key_stays() {
    let (site, issuer) = Site::prepared().await;
    let first = issuer.encryption_keys().await.unwrap();
    let later: Timestamp = "2027-01-01T00:00:00Z".parse().unwrap();
    let second = issuer.rotate_encryption_key(later).await.unwrap();
    assert_eq!(second, issuer.encryption_keys().await.unwrap());
    assert_eq!(second.keys.len(), 2);
    assert_eq!(second.keys[0].name, "2027-01-01T00:00:00Z");
    assert_eq!(second.keys[1], first.keys[0]);
    let third = issuer.rotate_encryption_key(Timestamp::now()).await.unwrap();
    assert_eq!(third.keys.len(), 2);
    // What others keep in the same secret stays.
    let raw = site.server.request("GET", "cke/secrets/k8s", &Value::Null).await;
    assert!(
        raw["data"]["aescbc"]
            .as_str()
            .unwrap()
            .starts_with(r#"{"keys":[{"name":""#)
    );
    site.server.request("DELETE", "cke/secrets/k8s", &Value::Null).await;
    assert!(matches!(issuer.encryption_keys().await, Err(Error::NoEncryptionKey)));
}

#[tokio::test]
async fn a_node_has_its_own_ssh_key_or_the_one_for_all() {
    let (_site, issuer) = Site::prepared().await;
    let none = issuer.ssh_keys().await.unwrap();
    assert!(none.is_empty());
    assert!(none.of("10.0.0.1").unwrap_err().to_string().contains("10.0.0.1"));
    issuer.put_ssh_key("", "for all".into()).await.unwrap();
    issuer.put_ssh_key("10.0.0.1", "its own".into()).await.unwrap();
    let keys = issuer.ssh_keys().await.unwrap();
    assert_eq!(keys.of("10.0.0.1").unwrap().expose(), "its own");
    assert_eq!(keys.of("10.0.0.2").unwrap().expose(), "for all");
    assert!(!format!("{keys:?}").contains("its own"));
}

async fn remembered(issuer: &Issuer, authority: Authority) -> usize {
    issuer
        .vault()
        .pki_certificates(&authority.vault_path())
        .await
        .unwrap()
        .len()
}

#[tokio::test]
async fn tidying_reaches_every_authority() {
    let (_site, issuer) = Site::prepared().await;
    issuer.issue(&Certificate::ServiceAccount).await.unwrap();
    assert_eq!(
        remembered(&issuer, Authority::Kubernetes).await,
        1,
        "that one is not stored"
    );
    wait_for("all six to be tidied", PATIENCE, || async {
        let all = issuer.tidy().await;
        assert_eq!(all.len(), 6);
        let failed = all.into_iter().find_map(|t| t.outcome.err());
        failed.map_or(Ok(()), |e| Err(e.to_string()))
    })
    .await;
}
