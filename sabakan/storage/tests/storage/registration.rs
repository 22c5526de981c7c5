//! S4 beyond one transaction: all or none, whoever stops where.

use crate::common::{PREFIX, Site, actor, config, fleet, open, spec};
use neco_etcd::Etcd;
use sabakan_model::{MachineSpec, Query};
use sabakan_storage::{MAX_MACHINES, Step, Storage, StorageError, StorageOptions};
use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};
use testkit::wait::{PATIENCE, holds, wait_for};

const MACHINES: u64 = 300;
const STOP_AT: &str = "REGISTRATION_STOP_AT";
const ENDPOINT: &str = "REGISTRATION_ENDPOINT";
const CONFLICT: &str = "REGISTRATION_CONFLICT";

/// Four in a rack, so that there are two claims and three parts.
fn many() -> Vec<MachineSpec> {
    (0..MACHINES).map(|n| spec(&format!("m{n:05}"), n / 4, "cs")).collect()
}

/// The process that is killed: it registers, and dies right after the step that it was told.
#[tokio::test(flavor = "multi_thread")]
async fn child_process_of_the_tests_below() {
    let Ok(stop_at) = std::env::var(STOP_AT) else { return };
    let endpoint = std::env::var(ENDPOINT).unwrap();
    let conflict = std::env::var(CONFLICT).is_ok();
    let put = endpoint.clone();
    let observer = move |step: &Step| {
        if conflict && *step == Step::Wrote(0) {
            put_machine_behind_its_back(&put);
        }
        if format!("{step:?}") == stop_at {
            std::process::abort();
        }
    };
    let options = StorageOptions {
        on_step: Some(Arc::new(observer)),
        ..StorageOptions::default()
    };
    let etcd = Etcd::connect(&config(vec![endpoint])).await.unwrap();
    let (storage, _stop) = open(&etcd, options).await;
    let done = storage.register(&actor(), many()).await;
    panic!("the process should have died: {done:?}");
}

/// A machine that another program registers while the registration is under way.
fn put_machine_behind_its_back(endpoint: &str) {
    let value = r#"{"spec":{"serial":"m00299","rack":900,"index-in-rack":4,"role":"cs","bmc":{"type":"x"}},"status":{"state":"healthy"}}"#;
    let status = Command::new(testkit::etcd::tool("etcdctl"))
        .args([
            "--endpoints",
            endpoint,
            "put",
            &format!("{PREFIX}machines/m00299"),
            value,
        ])
        .output()
        .unwrap();
    assert!(status.status.success());
}

/// Runs the child until it dies at `step`.
fn kill_at(site: &Site, step: &str, conflict: bool) {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args([
        "--exact",
        "registration::child_process_of_the_tests_below",
        "--nocapture",
    ]);
    child.env(STOP_AT, step).env(ENDPOINT, &site.server.endpoints()[0]);
    if conflict {
        child.env(CONFLICT, "1");
    }
    let output = child.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.signal(), Some(6), "it was to abort at {step}: {said}");
}

async fn follower(site: &Site) -> (Storage, impl Drop) {
    let etcd = Etcd::connect(&config(site.server.endpoints())).await.unwrap();
    let options = StorageOptions {
        journal_patience: Duration::from_millis(200),
        tick: Duration::from_millis(50),
        ..StorageOptions::default()
    };
    open(&etcd, options).await
}

/// Waits until no journal is left, and checks at every revision that all or none of the machines are shown.
async fn wait_for_the_end(site: &Site, storage: &Storage, others: usize) {
    let all = usize::try_from(MACHINES).unwrap();
    let mut revisions = storage.revisions();
    let finished = async {
        loop {
            let shown = storage.machine_count();
            assert!(
                [0, 1, all].contains(&shown) && shown >= others.min(shown),
                "{shown} machines are shown"
            );
            if site.count("neco/registrations/").await == 0 {
                return;
            }
            let _ = tokio::time::timeout(Duration::from_millis(20), revisions.changed()).await;
        }
    };
    tokio::time::timeout(PATIENCE, finished).await.unwrap();
    let last = site.etcd.health().await.unwrap().revision;
    for storage in [storage, &site.storage] {
        storage.wait_for_revision(last).await.unwrap();
    }
}

/// The number of places that racks have given away.
async fn places(site: &Site) -> usize {
    let racks = site.etcd.read_prefix("node-indices/").await.unwrap();
    racks
        .kvs
        .iter()
        .map(|kv| serde_json::from_slice::<Vec<u64>>(&kv.value).unwrap().len())
        .sum()
}

#[tokio::test]
async fn s4_thousands_are_registered_in_one_call_at_one_revision() {
    let site = Site::start().await;
    let (other, _stop) = site.another().await;
    let watching = other.clone();
    let watcher = tokio::spawn(async move {
        let mut revisions = watching.revisions();
        loop {
            let shown = watching.machine_count();
            assert!(shown == 0 || shown == 5000, "{shown} machines are shown");
            if shown > 0 || revisions.changed().await.is_err() {
                return;
            }
        }
    });
    let began = Instant::now();
    let revision = site.storage.register(&actor(), fleet(5000)).await.unwrap();
    // The bench measures it; this is for a busy machine and a build without optimization.
    assert!(began.elapsed() < PATIENCE, "it took {:?}", began.elapsed());
    other.wait_for_revision(revision).await.unwrap();
    watcher.await.unwrap();
    assert_eq!(other.machine_count(), 5000);
    assert_eq!(places(&site).await, 5000);
    assert_eq!(site.count("neco/registrations/").await, 0);
    let stored = site.value("machines/m04999").await.unwrap();
    assert!(stored.contains(r#""rack":178,"index-in-rack":19"#), "{stored}");
    let entry = site.etcd.read_prefix("audit/").await.unwrap().kvs.pop().unwrap();
    assert_eq!(entry.mod_revision, revision);
    let entry: serde_json::Value = serde_json::from_slice(&entry.value).unwrap();
    assert_eq!(entry["detail"].as_str().unwrap().lines().count(), 5000);
}

#[tokio::test]
async fn s4_another_server_rolls_forward_what_a_killed_one_left() {
    for step in [
        "Forward",
        "Claimed(0)",
        "Claimed(1)",
        "Wrote(0)",
        "Wrote(1)",
        "Wrote(2)",
        "Committed",
    ] {
        let site = Site::start().await;
        let (storage, _stop) = follower(&site).await;
        kill_at(&site, step, false);
        wait_for_the_end(&site, &storage, 0).await;
        assert_eq!(storage.machine_count(), 300, "{step}");
        assert_eq!(site.storage.machine_count(), 300, "{step}");
        assert_eq!(places(&site).await, 300, "{step}");
        assert_eq!(site.count("machines/").await, 300, "{step}");
        assert_eq!(site.count("audit/").await, 2, "{step}: one entry for the registration");
    }
}

#[tokio::test]
async fn s4_a_registration_whose_parts_are_incomplete_is_taken_back() {
    let site = Site::start().await;
    let (storage, _stop) = follower(&site).await;
    kill_at(&site, "Opened", false);
    wait_for_the_end(&site, &storage, 0).await;
    assert_eq!(site.count("machines/").await, 0);
    assert_eq!(places(&site).await, 0);
    storage.register(&actor(), many()).await.unwrap();
    assert_eq!(storage.machine_count(), 300);
}

#[tokio::test]
async fn s4_another_server_rolls_back_a_conflict_that_a_killed_one_found() {
    for step in [
        "TurnedBack",
        "Unwrote(1)",
        "Unwrote(0)",
        "Unclaimed(1)",
        "Unclaimed(0)",
        "RolledBack",
    ] {
        let site = Site::start().await;
        let (storage, _stop) = follower(&site).await;
        kill_at(&site, step, true);
        wait_for_the_end(&site, &storage, 0).await;
        let left: Vec<_> = storage
            .search(&Query::default())
            .iter()
            .map(|m| m.serial().to_owned())
            .collect();
        assert_eq!(left, ["m00299"], "{step}");
        assert_eq!(site.count("machines/").await, 1, "{step}");
        assert_eq!(places(&site).await, 0, "{step}");
        assert_eq!(
            site.count("audit/").await,
            1,
            "{step}: no entry for what did not happen"
        );
    }
}

#[tokio::test]
async fn s4_machines_of_an_unfinished_registration_are_hidden_from_every_reader() {
    let site = Site::start().await;
    kill_at(&site, "Wrote(1)", false);
    assert!(site.count("machines/").await > 200);
    let last = site.etcd.health().await.unwrap().revision;
    // One that saw it happen, and one that starts now. Neither has the time to finish it.
    let patient = StorageOptions {
        journal_patience: PATIENCE * 100,
        ..StorageOptions::default()
    };
    let (late, _stop) = open(&site.etcd, patient).await;
    site.storage.wait_for_revision(last).await.unwrap();
    for storage in [&site.storage, &late] {
        assert_eq!(storage.machine_count(), 0);
        assert!(storage.search(&Query::parse("serial=m00000").unwrap()).is_empty());
        let read = storage.fresh_machine("m00000").await;
        assert!(matches!(read, Err(StorageError::NotFound { .. })), "{read:?}");
        let write = storage.put_label(&actor(), "m00000", "a", "b").await;
        assert!(matches!(write, Err(StorageError::NotFound { .. })), "{write:?}");
        let frozen = storage.put_ipam(&actor(), &crate::common::ipam()).await;
        assert!(matches!(frozen, Err(StorageError::Conflict(_))), "{frozen:?}");
    }
    wait_for("somebody to finish it", PATIENCE, || async {
        holds(
            late.machine_count() == 300,
            format!("{} machines", late.machine_count()),
        )
    })
    .await;
}

#[tokio::test]
async fn s4_a_conflict_takes_back_everything_and_says_which_machine() {
    let site = Site::start().await;
    let endpoint = site.server.endpoints()[0].clone();
    let observer = move |step: &Step| {
        if *step == Step::Wrote(0) {
            put_machine_behind_its_back(&endpoint);
        }
    };
    let options = StorageOptions {
        on_step: Some(Arc::new(observer)),
        ..StorageOptions::default()
    };
    let (storage, _stop) = open(&site.etcd, options).await;
    let conflict = storage.register(&actor(), many()).await;
    assert!(
        matches!(&conflict, Err(StorageError::Conflict(m)) if m.contains("m00299")),
        "{conflict:?}"
    );
    assert_eq!(site.count("machines/").await, 1);
    assert_eq!(places(&site).await, 0);
    let known = storage.register(&actor(), many()).await;
    assert!(
        matches!(&known, Err(StorageError::Conflict(m)) if m.contains("m00299")),
        "{known:?}"
    );
}

#[tokio::test]
async fn s4_two_large_and_many_small_registrations_at_once_share_the_racks() {
    let site = Site::start().await;
    let (other, _stop) = site.another().await;
    let wide = |name: &str| {
        (0..200)
            .map(|n| spec(&format!("{name}{n}"), n % 40, "cs"))
            .collect::<Vec<_>>()
    };
    let large = [(site.storage.clone(), wide("a")), (other.clone(), wide("b"))]
        .map(|(storage, list)| tokio::spawn(async move { storage.register(&actor(), list).await }));
    let small: Vec<_> = (0..20)
        .map(|n| {
            let storage = if n % 2 == 0 {
                site.storage.clone()
            } else {
                other.clone()
            };
            tokio::spawn(async move { storage.register(&actor(), vec![spec(&format!("s{n}"), n, "cs")]).await })
        })
        .collect();
    for task in large.into_iter().chain(small) {
        task.await.unwrap().unwrap();
    }
    assert_eq!(places(&site).await, 420);
    assert_eq!(site.count("machines/").await, 420);
    for kv in site.etcd.read_prefix("node-indices/").await.unwrap().kvs {
        let mut indices: Vec<u64> = serde_json::from_slice(&kv.value).unwrap();
        let count = indices.len();
        indices.sort_unstable();
        indices.dedup();
        assert_eq!(indices.len(), count, "{} gave a place twice", kv.key);
    }
}

#[tokio::test]
async fn s4_more_than_a_call_may_have_is_refused() {
    let site = Site::start().await;
    let over = fleet(u64::try_from(MAX_MACHINES).unwrap() + 1);
    let refused = site.storage.register(&actor(), over).await;
    assert!(matches!(refused, Err(StorageError::Quota { .. })), "{refused:?}");
    assert_eq!(site.count("neco/").await, 0);
}
