//! What the leader is at, the history, the brake and the budget, on a real etcd.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use cke_model::{Record, ServerStatus};
use cke_storage::Storage;
use neco_etcd::{Guard, Leadership};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use support::{Site, recording, run};

async fn lead(storage: &Storage) -> Leadership {
    storage
        .election("boot-0", Duration::from_secs(10))
        .campaign()
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_leads_at_first() {
    let site = Site::start().await;
    assert!(site.fails(&["leader"]).contains("no leader"));
    let (code, out, errors) = run(&mut site.ckecli(&["status"]));
    assert_eq!((code, out.as_str(), errors.as_str()), (4, "", "no status\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_leader_and_its_phase_are_shown() {
    let site = Site::start().await;
    let leader = lead(&site.storage).await;
    assert_eq!(site.ok(&["leader"]), "boot-0\n");
    let status = ServerStatus {
        phase: "completed".to_owned(),
        timestamp: "2026-11-22T17:14:23.658296049Z".parse().unwrap(),
        ..ServerStatus::default()
    };
    site.storage
        .put_status(&leader.guard(), leader.lease_id(), &status)
        .await
        .unwrap();
    assert_eq!(
        site.ok(&["status"]),
        "{\"phase\":\"completed\",\"timestamp\":\"2026-11-22T17:14:23.658296049Z\"}\n"
    );
}

async fn register(storage: &Storage, leader: &Guard, id: i64) {
    let record = Record::new(id, "kubelet-restart", None, "2026-11-22T17:13:31Z".parse().unwrap());
    storage.records().register(leader, &record).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_is_what_the_original_shows() {
    let site = Site::start().await;
    assert_eq!(site.ok(&["history"]), "");
    let recording = recording();
    for kv in recording["etcd"].as_array().unwrap() {
        let key = kv["key"].as_str().unwrap().strip_prefix("/cke/").unwrap();
        if key.starts_with("records") {
            site.etcd.put(key, kv["text"].as_str().unwrap()).await.unwrap();
        }
    }
    assert_eq!(
        site.ok(&["history"]).trim(),
        recording["history"].as_str().unwrap().trim()
    );
    let newest = site.ok(&["history", "-n", "2"]);
    assert!(
        newest.starts_with("{\n    \"id\": \"26\",\n")
            && newest.contains("\"id\": \"25\"")
            && !newest.contains("\"id\": \"24\"")
    );
    assert!(site.ok(&["history", "--count=1", "-o", "table"]).lines().count() == 2);
}

/// A command that goes on until it is ended.
struct Following(Child);

impl Following {
    fn start(site: &Site, arguments: &[&str]) -> Self {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("ckecli"));
        command.args(["--config", &site.path("config.yml")]).args(arguments);
        Self(command.stdout(Stdio::piped()).spawn().unwrap())
    }

    fn lines(&mut self) -> impl Iterator<Item = String> + use<> {
        BufReader::new(self.0.stdout.take().unwrap())
            .lines()
            .map(Result::unwrap)
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_is_followed() {
    let site = Site::start().await;
    let leader = lead(&site.storage).await;
    for id in 1..=3 {
        register(&site.storage, &leader.guard(), id).await;
    }
    let mut history = Following::start(&site, &["history", "-f", "-n", "2"]);
    let mut ids = history.lines().filter(|line| line.contains("\"id\""));
    assert_eq!(
        [ids.next().unwrap(), ids.next().unwrap()],
        ["    \"id\": \"2\",", "    \"id\": \"3\","]
    );
    register(&site.storage, &leader.guard(), 4).await;
    assert_eq!(ids.next().unwrap(), "    \"id\": \"4\",");
}

#[tokio::test(flavor = "multi_thread")]
async fn operations_are_watched() {
    let site = Site::start().await;
    let mut watch = Following::start(&site, &["watch"]);
    let mut lines = watch.lines();
    assert_eq!(lines.next().unwrap(), "nobody leads, phase no status");
    let leader = lead(&site.storage).await;
    assert_eq!(lines.next().unwrap(), "candidate boot-0");
    register(&site.storage, &leader.guard(), 1).await;
    assert_eq!(lines.next().unwrap(), "operation 1 kubelet-restart new ()");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_command_stops_everything_and_one_lets_it_go_on() {
    let site = Site::start().await;
    assert!(
        site.ok(&["freeze", "--by", "alice", "the", "network"])
            .starts_with("frozen")
    );
    let frozen = site.storage.world().await.unwrap().controls.frozen.unwrap();
    assert_eq!((frozen.by.as_str(), frozen.why.as_str()), ("alice", "the network"));
    let again = site.ok(&["freeze", "--by", "bob"]);
    assert!(
        again.contains("frozen already, by alice") && again.contains("the network"),
        "{again}"
    );
    assert_eq!(site.ok(&["thaw"]), "thawed\n");
    assert_eq!(site.ok(&["thaw"]), "it was not frozen\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_budget_is_set_part_by_part() {
    let site = Site::start().await;
    assert_eq!(site.ok(&["budget"]), "{}\n");
    site.ok(&["budget", "set", "--per-rack", "2"]);
    site.ok(&["budget", "set", "--cluster", "5"]);
    assert_eq!(
        site.ok(&["budget", "show"]),
        "{\n    \"per-rack\": 2,\n    \"cluster\": 5\n}\n"
    );
    assert_eq!(
        site.ok(&["budget", "set", "--per-rack", "none"]),
        "{\n    \"cluster\": 5\n}\n"
    );
    site.fails(&["budget", "set", "--cluster", "many"]);
}
