//! Vault, certificates and the etcd of Kubernetes, with real servers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use cke_etcd::Access;
use cke_model::certificate::{Authority, Certificate};
use cke_pki::{Issuer, connect};
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use support::prepared::Prepared;
use support::{Site, run};
use testkit::etcd::tool;

#[tokio::test(flavor = "multi_thread")]
async fn vault_is_prepared_once() {
    let prepared = Prepared::start().await;
    for authority in Authority::ALL {
        let path = authority.vault_path();
        assert!(
            prepared.said.contains(&format!("mounted pki on {path}\n")),
            "{}",
            prepared.said
        );
        assert!(
            prepared.said.contains(&format!("issued root certificate for {path}\n")),
            "{}",
            prepared.said
        );
        let pem = prepared.site.ok(&["ca", "get", authority.as_str()]);
        assert!(pem.starts_with("-----BEGIN CERTIFICATE-----"));
    }
    assert!(prepared.said.contains("mounted kv version 1 on cke/secrets\n"));
    assert_eq!(prepared.init(), "", "all of it is there");
    assert_eq!(prepared.site.ok(&["vault", "enckey"]), "succeeded\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_somebody_must_be_there_to_be_asked() {
    let site = Site::start().await;
    assert!(
        site.fails(&["vault", "init", "--endpoint", "http://127.0.0.1:1"])
            .contains("VAULT_TOKEN is not set")
    );
    assert!(site.fails(&["vault", "enckey"]).contains("run `ckecli vault init`"));
    assert!(site.fails(&["ca", "get", "server"]).contains("is not stored"));
}

#[tokio::test(flavor = "multi_thread")]
async fn how_vault_is_reached_is_checked_first() {
    let site = Site::start().await;
    let good = r#"{"endpoint":"https://10.0.0.1:8200","ca-cert":"","role-id":"a","secret-id":"b"}"#;
    site.ok(&["vault", "config", &site.file("good.json", good)]);
    assert_eq!(site.value("vault").await.as_deref(), Some(good));
    assert_eq!(run(site.ckecli(&["vault", "config", "-"]).write_stdin(good)).0, 0);
    let cases = [
        (good.replace("https://10.0.0.1:8200", ""), "endpoint is empty"),
        (good.replace("https://10.0.0.1:8200", "nowhere"), "endpoint"),
        (good.replace(r#""role-id":"a""#, r#""role-id":"""#), "role-id is empty"),
        (
            good.replace(r#""secret-id":"b""#, r#""secret-id":"""#),
            "secret-id is empty",
        ),
        (good.replace(r#""ca-cert":"""#, r#""ca-cert":"x""#), "ca-cert"),
        ("{".to_owned(), "bad.json"),
    ];
    for (text, want) in cases {
        let errors = site.fails(&["vault", "config", &site.file("bad.json", &text)]);
        assert!(errors.contains(want), "{errors}");
    }
    assert_eq!(site.value("vault").await.as_deref(), Some(good));
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_of_authorities_are_checked_first() {
    let site = Site::start().await;
    assert!(
        site.fails(&["ca", "set", "server", &site.file("bad.pem", "x")])
            .contains("invalid PEM data")
    );
    let other = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert!(
        site.fails(&["ca", "set", "server", &site.file("bad.pem", other)])
            .contains("invalid certificate")
    );
    let recording = support::recording();
    let stored = recording["etcd"]
        .as_array()
        .unwrap()
        .iter()
        .find(|kv| kv["key"] == "/cke/ca/server")
        .unwrap();
    let pem = stored["text"].as_str().unwrap();
    site.ok(&["ca", "set", "server", &site.file("ca.pem", pem)]);
    assert_eq!(site.ok(&["ca", "get", "server"]), pem);
}

#[tokio::test(flavor = "multi_thread")]
async fn people_get_kubeconfigs() {
    let prepared = Prepared::start().await;
    let site = &prepared.site;
    let cluster =
        "name: lab\nservice_subnet: 10.68.0.0/16\nnodes: [{address: 10.0.0.1, user: a, control_plane: true}]\n";
    site.ok(&["cluster", "set", &site.file("cluster.yml", cluster)]);
    let (code, out, errors) = run(&mut site.ckecli(&["kubernetes", "issue"]));
    assert_eq!(code, 0, "{errors}");
    assert!(
        errors.contains("cke:user:admin") && errors.contains("--user=cke:user:YOURNAME"),
        "{errors}"
    );
    assert!(
        out.contains("server: https://10.0.0.1:6443") && out.contains("client-key-data: "),
        "{out}"
    );
    let arguments = [
        "kubernetes",
        "issue",
        "--user=cke:user:alice",
        "-g",
        "x",
        "--ttl",
        "1h",
        "--server",
        "https://a:1",
    ];
    let (code, out, errors) = run(&mut site.ckecli(&arguments));
    assert_eq!((code, errors.as_str()), (0, ""), "whoever gives a name is told nothing");
    assert!(
        out.contains("server: https://a:1") && out.contains("cke:user:alice"),
        "{out}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn users_of_etcd_get_certificates() {
    let prepared = Prepared::start().await;
    let site = &prepared.site;
    let issued: Value = serde_json::from_str(&site.ok(&["etcd", "issue", "alice", "--ttl=1h"])).unwrap();
    for member in ["certificate", "private_key", "ca_certificate"] {
        assert!(issued[member].as_str().unwrap().starts_with("-----BEGIN "), "{member}");
    }
    assert_eq!(
        issued["ca_certificate"].as_str().unwrap(),
        site.ok(&["ca", "get", "server"])
    );
    let said = site.ok(&["etcd", "root-issue", "--output", "file"]);
    assert_eq!(said, "cert files:  etcd-ca.crt etcd-root.crt etcd-root.key\n");
    let mode = std::fs::metadata(site.path("etcd-root.key"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    site.fails(&["etcd", "issue", "../alice"]);
}

/// An etcd as CKE runs it on a control plane, with certificates from Vault.
struct Member {
    child: Child,
    address: String,
}

impl Member {
    async fn start(site: &Site, issuer: &Issuer) -> Self {
        let address = format!(
            "127.77.{}.{}",
            std::process::id() / 250 % 250,
            2 + std::process::id() % 250
        );
        let (nodename, own) = (address.clone(), address.clone());
        let pair = issuer
            .issue(&Certificate::EtcdServer { nodename, address: own })
            .await
            .unwrap();
        let certificate = site.file("server.crt", &pair.certificate);
        let key = site.file("server.key", pair.key.expose());
        let ca = site.file("client-ca.crt", &issuer.ca(Authority::EtcdClient).await.unwrap());
        let (clients, peers) = (format!("https://{address}:2379"), format!("http://{address}:2380"));
        let mut command = Command::new(tool("etcd"));
        command.args([
            "--name=a",
            "--client-cert-auth",
            &format!("--data-dir={}", site.path("etcd")),
        ]);
        command.args(["--listen-client-urls", &clients, "--advertise-client-urls", &clients]);
        command.args(["--listen-peer-urls", &peers, "--initial-advertise-peer-urls", &peers]);
        command.arg(format!("--initial-cluster=a={peers}"));
        command.args([
            "--cert-file",
            &certificate,
            "--key-file",
            &key,
            "--trusted-ca-file",
            &ca,
        ]);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        Self { child, address }
    }

    /// etcdctl with the certificate of a user.
    fn ctl(&self, site: &Site, user: &str, arguments: &[&str]) -> bool {
        let file = |name: &str| Path::new(&site.path(name)).to_owned();
        let mut command = Command::new(tool("etcdctl"));
        command
            .arg(format!("--endpoints=https://{}:2379", self.address))
            .arg("--cacert")
            .arg(file("etcd-ca.crt"));
        command
            .arg("--cert")
            .arg(file(&format!("etcd-{user}.crt")))
            .arg("--key")
            .arg(file(&format!("etcd-{user}.key")));
        command.args(arguments).output().unwrap().status.success()
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_added_to_etcd_and_backups_taken() {
    let prepared = Prepared::start().await;
    let site = &prepared.site;
    let config = site.storage.vault_config().await.unwrap().unwrap().value;
    let issuer = Issuer::new(connect(&config).await.unwrap(), site.storage.clone());
    let member = Member::start(site, &issuer).await;
    let cluster = format!(
        "name: lab\nservice_subnet: 10.68.0.0/16\nnodes: [{{address: {}, user: a, control_plane: true}}]\n",
        member.address
    );
    site.ok(&["cluster", "set", &site.file("cluster.yml", &cluster)]);
    let endpoint = cke_etcd::endpoint_of(&member.address);
    let root = Access::new(issuer).etcd(vec![endpoint]).await.unwrap();
    testkit::wait::wait_for("etcd to be set up", testkit::wait::PATIENCE, async || {
        root.set_up_auth().await.map_err(|error| error.to_string())
    })
    .await;

    site.ok(&["etcd", "user-add", "alice", "/alice/"]);
    for wrong in [["root", "/a"], ["backup", "/a"], ["", "/a"], ["bob", ""]] {
        site.fails(&["etcd", "user-add", wrong[0], wrong[1]]);
    }
    site.ok(&["etcd", "issue", "alice", "--output", "file"]);
    assert!(member.ctl(site, "alice", &["put", "/alice/a", "1"]));
    assert!(
        !member.ctl(site, "alice", &["put", "/bob/a", "1"]),
        "the prefix bounds the user"
    );

    let folder = site.path("backups");
    std::fs::create_dir(&folder).unwrap();
    for old in ["etcd-20200101-000000.backup", "etcd-20200102-000000.backup"] {
        std::fs::write(Path::new(&folder).join(old), "").unwrap();
    }
    let said = site.ok(&["etcd", "local-backup", "--dir", &folder, "--max-backups=2"]);
    let lines: Vec<_> = said.lines().collect();
    assert!(
        lines[0].starts_with("created backup etcd-2") && lines[0].ends_with(".backup"),
        "{said}"
    );
    assert_eq!(lines[1..], ["removed etcd-20200101-000000.backup"]);
}
