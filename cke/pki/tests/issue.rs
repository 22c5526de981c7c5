//! Certificates from a real Vault, held against those that the original issued.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use std::collections::BTreeSet;

use cke_model::certificate::{Authority, Certificate};
use cke_pki::{Error, KeyPair, KubernetesUser};
use common::Site;
use serde_json::{Value, json};

/// What a certificate says, without its key, its times and its number.
#[derive(Debug, PartialEq, Eq)]
struct Meaning {
    subject: String,
    issuer: String,
    names: BTreeSet<String>,
    usage: Option<u16>,
    extended: Option<Vec<String>>,
    is_ca: bool,
    basic_constraints: bool,
    life: i64,
    algorithm: String,
    key: String,
}

fn meaning(pem: &str) -> Meaning {
    let (_, block) = x509_parser::pem::parse_x509_pem(pem.as_bytes()).unwrap();
    let certificate = block.parse_x509().unwrap();
    let names = certificate.subject_alternative_name().unwrap();
    let validity = certificate.validity();
    Meaning {
        subject: certificate.subject().to_string(),
        issuer: certificate.issuer().to_string(),
        names: names
            .map(|n| n.value.general_names.iter().map(ToString::to_string).collect())
            .unwrap_or_default(),
        usage: certificate.key_usage().unwrap().map(|u| u.value.flags),
        extended: certificate.extended_key_usage().unwrap().map(|e| {
            let e = e.value;
            let known = [
                ("server", e.server_auth),
                ("client", e.client_auth),
                ("any", e.any),
                ("code", e.code_signing),
            ];
            known
                .into_iter()
                .filter(|(_, is)| *is)
                .map(|(name, _)| name.to_owned())
                .collect()
        }),
        is_ca: certificate.is_ca(),
        basic_constraints: certificate.basic_constraints().unwrap().is_some(),
        // Vault reads its clock twice, so a second may pass in between.
        life: (validity.not_after.timestamp() - validity.not_before.timestamp() + 5) / 10 * 10,
        algorithm: certificate.signature_algorithm.algorithm.to_string(),
        key: format!("{:?}", certificate.public_key().parsed().unwrap())
            .chars()
            .take(3)
            .collect(),
    }
}

fn vectors() -> Value {
    let path = format!(
        "{}/../../../shared/vectors/cke-cluster.json",
        env!("CARGO_MANIFEST_DIR")
    );
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn file(vectors: &Value, node: &str, path: &str) -> String {
    let files = vectors["nodes"][node]["files"].as_array().unwrap();
    let file = files
        .iter()
        .find(|f| f["path"] == path)
        .unwrap_or_else(|| panic!("{path} is recorded"));
    file["text"].as_str().unwrap().to_owned()
}

fn in_kubeconfig(text: &str) -> String {
    use base64::Engine as _;
    let line = text.lines().find(|l| l.contains("client-certificate-data:")).unwrap();
    let data = line.rsplit(' ').next().unwrap();
    String::from_utf8(base64::engine::general_purpose::STANDARD.decode(data).unwrap()).unwrap()
}

fn node() -> (String, String) {
    ("10.99.0.101".to_owned(), "10.99.0.101".to_owned())
}

fn recorded(vectors: &Value) -> Vec<(Certificate, String)> {
    let pki = |name: &str| file(vectors, "n101", &format!("/etc/kubernetes/pki/{name}.crt"));
    let etcd = |name: &str| file(vectors, "n101", &format!("/etc/etcd/pki/{name}.crt"));
    let inside = |name: &str| in_kubeconfig(&file(vectors, "n101", &format!("/etc/kubernetes/{name}/kubeconfig")));
    let (nodename, address) = node();
    let api_server = Certificate::ApiServer {
        nodename: nodename.clone(),
        address: address.clone(),
        service_subnet: "10.68.0.0/16".to_owned(),
        cluster_domain: "cluster.local".to_owned(),
    };
    let (n, a) = (nodename.clone(), address.clone());
    let (n2, a2) = (nodename.clone(), address.clone());
    vec![
        (api_server, pki("apiserver")),
        (Certificate::EtcdForApiServer, pki("apiserver-etcd-client")),
        (Certificate::Aggregation, pki("aggregation")),
        (Certificate::ServiceAccount, pki("service-account")),
        (Certificate::Kubelet { nodename, address }, pki("kubelet")),
        (
            Certificate::EtcdServer {
                nodename: n,
                address: a,
            },
            etcd("server"),
        ),
        (
            Certificate::EtcdPeer {
                nodename: n2,
                address: a2,
            },
            etcd("peer"),
        ),
        (Certificate::ControllerManager, inside("controller-manager")),
        (Certificate::Scheduler, inside("scheduler")),
        (Certificate::Proxy, inside("proxy")),
    ]
}

fn verify(pair: &KeyPair, ca: &str) {
    let (_, ca) = x509_parser::pem::parse_x509_pem(ca.as_bytes()).unwrap();
    let (_, leaf) = x509_parser::pem::parse_x509_pem(pair.certificate.as_bytes()).unwrap();
    let ca = ca.parse_x509().unwrap();
    leaf.parse_x509()
        .unwrap()
        .verify_signature(Some(ca.public_key()))
        .unwrap();
    assert!(pair.key.expose().starts_with("-----BEGIN RSA PRIVATE KEY-----"));
}

#[tokio::test]
async fn certificates_mean_what_the_recorded_ones_mean() {
    let (_site, issuer) = Site::prepared().await;
    let recorded = recorded(&vectors());
    let requests: Vec<Certificate> = recorded.iter().map(|(c, _)| c.clone()).collect();
    let issued = issuer.issue_all(&requests).await.unwrap();
    for ((certificate, original), ours) in recorded.iter().zip(&issued) {
        assert_eq!(meaning(&ours.certificate), meaning(original), "{certificate:?}");
        let authority = cke_pki::Profile::of(certificate).unwrap().authority;
        verify(ours, &issuer.ca(authority).await.unwrap());
    }
}

#[tokio::test]
async fn short_lived_certificates_of_people_root_and_webhooks() {
    let (_site, issuer) = Site::prepared().await;
    let root = meaning(&issuer.issue(&Certificate::EtcdRoot).await.unwrap().certificate);
    assert_eq!((root.subject.as_str(), root.life), ("CN=root", 3600 + 30));
    assert_eq!(root.extended.as_deref(), Some(&["client".to_owned()][..]));
    let webhook = Certificate::Webhook {
        namespace: "ns".to_owned(),
        service: "hook".to_owned(),
    };
    let webhook = meaning(&issuer.issue(&webhook).await.unwrap().certificate);
    assert_eq!(
        (webhook.subject.as_str(), webhook.life),
        ("CN=ns/hook", 175_200 * 3600 + 30)
    );
    assert_eq!(webhook.extended.as_deref(), Some(&["server".to_owned()][..]));
    let user = Certificate::EtcdClient {
        user: "app".to_owned(),
        ttl: "24h".to_owned(),
    };
    let user = meaning(&issuer.issue(&user).await.unwrap().certificate);
    assert_eq!((user.subject.as_str(), user.life), ("CN=app", 24 * 3600 + 30));
}

fn person(user: &str, group: &str) -> KubernetesUser {
    KubernetesUser {
        cluster: "lab".to_owned(),
        server: "https://10.99.0.101:6443".to_owned(),
        user: user.to_owned(),
        group: group.to_owned(),
        ttl: KubernetesUser::DEFAULT_TTL.to_owned(),
    }
}

/// Two groups at the same time, beside a role that another version left over with a third group.
#[tokio::test]
async fn nobody_gets_the_group_of_somebody_else() {
    let (site, issuer) = Site::prepared().await;
    let left_over = json!({"allow_any_name": true, "organization": "system:masters", "max_ttl": "48h"});
    site.server
        .request("POST", "cke/ca-kubernetes/roles/admin", &left_over)
        .await;
    let asked: Vec<KubernetesUser> = (0..6)
        .map(|i| person(&format!("u{i}"), ["dev", "ops"][i % 2]))
        .collect();
    let given = futures::future::join_all(asked.iter().map(|who| issuer.user_kubeconfig(who))).await;
    for (who, kubeconfig) in asked.iter().zip(given) {
        let kubeconfig = kubeconfig.unwrap();
        let certificate = meaning(&in_kubeconfig(&kubeconfig));
        let subject: BTreeSet<&str> = certificate.subject.split(", ").collect();
        let expected = [format!("O={}", who.group), format!("CN={}", who.user)];
        assert_eq!(subject, expected.iter().map(String::as_str).collect(), "{who:?}");
        assert_eq!(certificate.life, 2 * 3600 + 30);
        assert!(kubeconfig.contains("server: https://10.99.0.101:6443\n"));
    }
}

/// The trap: an authority that ends before the certificate would.
#[tokio::test]
async fn a_certificate_ends_with_its_authority_at_the_latest() {
    let site = Site::empty().await;
    let path = Authority::EtcdClient.vault_path();
    let mount = json!({"type": "pki", "config": {"max_lease_ttl": "876000h"}});
    site.server.request("POST", &format!("sys/mounts/{path}"), &mount).await;
    let root = json!({"common_name": "etcd client CA", "ttl": "48h"});
    let root = site
        .server
        .request("POST", &format!("{path}/root/generate/internal"), &root)
        .await;
    site.initializer().await.run().await.unwrap();
    let issuer = site.issuer().await;
    let ca = root["data"]["certificate"].as_str().unwrap();
    assert_eq!(issuer.ca(Authority::EtcdClient).await.unwrap().trim(), ca.trim());

    let pair = issuer.issue(&Certificate::EtcdForApiServer).await.unwrap();
    let ends = |pem: &str| {
        let (_, block) = x509_parser::pem::parse_x509_pem(pem.as_bytes()).unwrap();
        block.parse_x509().unwrap().validity().not_after.timestamp()
    };
    assert_eq!(ends(&pair.certificate), ends(ca));
    let short = meaning(&issuer.issue(&Certificate::EtcdRoot).await.unwrap().certificate);
    assert_eq!(short.life, 3600 + 30, "what ends in time is not changed");
}

#[tokio::test]
async fn what_is_missing_is_named_with_what_to_do() {
    let (site, issuer) = Site::prepared().await;
    site.etcd.ctl(&["del", "/cke/ca/server"]);
    let error = issuer.ca(Authority::Server).await.unwrap_err();
    assert!(matches!(error, Error::NoCa(Authority::Server)), "{error}");
    assert!(error.to_string().contains("ckecli"), "{error}");
    site.server.seal().await;
    let error = issuer.issue(&Certificate::Scheduler).await.unwrap_err();
    assert!(error.is_unavailable(), "{error}");
    assert!(error.to_string().contains("system:kube-scheduler"), "{error}");
    site.server.unseal().await;
    let bad = Certificate::User {
        user: "u".to_owned(),
        group: "g".to_owned(),
        ttl: "soon".to_owned(),
    };
    let error = issuer.issue(&bad).await.unwrap_err();
    let said = error
        .vault_error()
        .and_then(|e| e.rejection())
        .unwrap_or_default()
        .to_owned();
    assert!(said.contains("soon"), "{error}: {said}");
}
