//! The daemon as a process on a real etcd: what it serves, who leads, and what it says before there is anything to build (rows C2, C35, C42).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use neco_etcd::{Config, Etcd};
use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use tempfile::{NamedTempFile, TempDir};
use testkit::etcd::Etcd as Server;
use testkit::wait::{PATIENCE, holds, wait_for};

/// A `cke` on a port of its own.
struct Cke {
    process: Child,
    port: u16,
    log: std::path::PathBuf,
    _config: NamedTempFile,
    _dir: TempDir,
}

impl Cke {
    async fn start(etcd: &Server) -> Cke {
        let mut config = NamedTempFile::new().unwrap();
        write!(config, "{}", serde_json::json!({ "endpoints": etcd.endpoints() })).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        let process = Command::new(env!("CARGO_BIN_EXE_cke"))
            .args([
                "-http",
                "127.0.0.1:0",
                "--session-ttl=6s",
                "-interval",
                "1s",
                "--config",
            ])
            .arg(config.path())
            .env("CANCELLATION_DELAY_SECONDS", "0")
            .stdin(Stdio::null())
            .stderr(std::fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let port = wait_for("cke to say where it listens", PATIENCE, || async { port_in(&log) }).await;
        Cke {
            process,
            port,
            log,
            _config: config,
            _dir: dir,
        }
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let answer = reqwest::get(format!("http://127.0.0.1:{}{path}", self.port))
            .await
            .unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    async fn leads(&self) -> bool {
        self.get("/metrics").await.1.lines().any(|line| line == "cke_leader 1")
    }

    fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    async fn says(&self, words: &str) {
        wait_for(&format!("{words:?} in the log"), PATIENCE, || async {
            holds(self.log().contains(words), self.log())
        })
        .await;
    }
}

impl Drop for Cke {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn port_in(log: &std::path::Path) -> Result<u16, String> {
    let text = std::fs::read_to_string(log).unwrap();
    let port = text
        .split("address=\"127.0.0.1:")
        .nth(1)
        .and_then(|rest| rest.split_once('"')?.0.parse().ok());
    port.ok_or(text)
}

async fn client(server: &Server) -> Etcd {
    neco_daemon::install_crypto_provider();
    let mut config = Config::new("/cke/");
    config.endpoints = server.endpoints();
    Etcd::connect(&config).await.unwrap()
}

#[tokio::test]
async fn health_version_and_what_is_not_there() {
    let etcd = Server::start().await;
    let _ = client(&etcd).await;
    let cke = Cke::start(&etcd).await;
    assert_eq!(cke.get("/health").await, (200, r#"{"health":"healthy"}"#.to_owned()));
    let version = format!(r#"{{"version":"{}"}}"#, env!("CARGO_PKG_VERSION"));
    assert_eq!(cke.get("/version").await, (200, version));
    let (status, body) = cke.get("/machines").await;
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        (status, &body["error"], &body["status"]),
        (404, &"requested resource is not found".into(), &404.into())
    );
    assert!(!body["request_id"].as_str().unwrap().is_empty());
    assert!(cke.get("/metrics").await.1.contains("process_cpu_seconds_total"));
    etcd.kill_all();
    assert_eq!(cke.get("/health").await, (500, r#"{"health":"unhealthy"}"#.to_owned()));
}

#[tokio::test]
async fn one_leads_and_another_follows_when_it_dies() {
    let server = Server::start().await;
    let etcd = client(&server).await;
    let mut first = Cke::start(&server).await;
    wait_for("the first to lead", PATIENCE, || async {
        holds(first.leads().await, first.log())
    })
    .await;
    let second = Cke::start(&server).await;
    assert!(!second.leads().await, "both lead:\n{}\n{}", first.log(), second.log());
    let candidates = etcd.read_prefix("leader/").await.unwrap().kvs;
    let hostname = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    assert_eq!(candidates[0].value, hostname.trim().as_bytes());
    first.process.kill().unwrap();
    wait_for("the second to lead", PATIENCE, || async {
        holds(second.leads().await, second.log())
    })
    .await;
}

#[tokio::test]
async fn a_leader_whose_key_is_deleted_stands_again() {
    let server = Server::start().await;
    let etcd = client(&server).await;
    let cke = Cke::start(&server).await;
    wait_for("it to lead", PATIENCE, || async { holds(cke.leads().await, cke.log()) }).await;
    let key = etcd.read_prefix("leader/").await.unwrap().kvs[0].key.clone();
    etcd.delete(&key).await.unwrap();
    cke.says("the lead ends").await;
    wait_for("it to lead with another key", PATIENCE, || async {
        let now = etcd.read_prefix("leader/").await.unwrap().kvs;
        holds(
            now.first().is_some_and(|kv| kv.key != key) && cke.leads().await,
            cke.log(),
        )
    })
    .await;
}

#[tokio::test]
async fn what_is_missing_is_said_and_waited_for() {
    let server = Server::start().await;
    let etcd = client(&server).await;
    let cke = Cke::start(&server).await;
    etcd.put("cluster", r#"{"name":"","nodes":[]}"#).await.unwrap();
    cke.says("invalid cluster configuration").await;
    let node = r#"{"address":"127.0.0.9","user":"root","control_plane":true}"#;
    let cluster = format!(
        r#"{{"name":"test","service_subnet":"10.68.0.0/16","nodes":[{node}],"options":{{"kubelet":{{"cri_endpoint":"/run/c.sock"}}}}}}"#
    );
    etcd.put("cluster", cluster).await.unwrap();
    cke.says("Vault is not configured").await;
    etcd.put("resource/ConfigMap/default/x", "{").await.unwrap();
    assert!(cke.leads().await, "{}", cke.log());
}

#[tokio::test]
async fn an_operation_of_a_former_leader_is_cancelled() {
    let server = Server::start().await;
    let etcd = client(&server).await;
    let left = r#"{"id":"7","status":"running","operation":"kubelet-restart","command":{"name":"run-container","target":"kubelet"},"targets":["10.0.0.1"],"info":"","error":"","start-at":"2026-11-22T16:38:20.895022988Z","end-at":"0001-01-01T00:00:00Z"}"#;
    etcd.put("records/0000000000000007", left).await.unwrap();
    etcd.put("records", "8").await.unwrap();
    let cke = Cke::start(&server).await;
    wait_for("the record to be cancelled", PATIENCE, || async {
        let kv = etcd.get("records/0000000000000007").await.unwrap().unwrap();
        let text = String::from_utf8(kv.value).unwrap();
        holds(
            text.contains(r#""status":"cancelled""#) && text.starts_with(r#"{"id":"7""#),
            format!("{text}\n{}", cke.log()),
        )
    })
    .await;
}
