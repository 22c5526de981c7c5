//! X12, the store behind it: what machines did while booting.

use crate::common::{Site, config, open};
use neco_etcd::Etcd;
use sabakan_model::{BootEvent, GoTime, Stage};
use sabakan_storage::{BootLogLimits, Storage, StorageOptions};
use std::time::Duration;
use testkit::wait::{PATIENCE, holds, wait_for};

fn event(second: u32, detail: &str) -> BootEvent {
    let at = GoTime::parse_strict(&format!("2026-11-22T00:00:{second:02}Z")).unwrap();
    BootEvent {
        at,
        stage: Stage::Kernel,
        detail: detail.to_owned(),
        ..BootEvent::default()
    }
}

async fn site_with(limits: BootLogLimits) -> (Site, Storage, impl Drop) {
    let site = Site::empty().await;
    let etcd = Etcd::connect(&config(site.server.endpoints())).await.unwrap();
    let options = StorageOptions {
        boot_log: limits,
        ..StorageOptions::default()
    };
    let (storage, stop) = open(&etcd, options).await;
    (site, storage, stop)
}

async fn wait_for_events(storage: &Storage, serial: &str, count: usize) -> Vec<BootEvent> {
    wait_for("the boot log to hold all events", PATIENCE, || async {
        let events = storage.boot_log(serial).await.unwrap();
        holds(events.len() == count, format!("it has {}", events.len())).map(|()| events)
    })
    .await
}

/// Each machine of the log of all, and how many events it has.
async fn walked(storage: &Storage) -> Vec<(String, usize)> {
    let (mut walk, mut all) = (storage.boot_logs(), Vec::new());
    while let Some((serial, events)) = walk.next().await.unwrap() {
        assert!(events.is_sorted_by_key(|event| event.at.instant()), "{events:?}");
        all.push((serial, events.len()));
    }
    all
}

#[tokio::test]
async fn events_are_written_together_and_read_in_the_order_of_time() {
    let limits = BootLogLimits {
        flush_every: Duration::from_millis(100),
        ..BootLogLimits::default()
    };
    let (site, storage, _stop) = site_with(limits).await;
    for (serial, second) in [("a", 3), ("a", 1), ("b", 2), ("a", 2)] {
        assert!(storage.record_boot_event(serial, event(second, "x")));
    }
    assert!(!storage.record_boot_event("../x", event(0, "x")));
    let events = wait_for_events(&site.storage, "a", 3).await;
    assert_eq!(events, [event(1, "x"), event(2, "x"), event(3, "x")]);
    assert_eq!(site.count("neco/boot-log/a/").await, 1);
    assert_eq!(wait_for_events(&site.storage, "b", 1).await.len(), 1);
    assert_eq!(walked(&site.storage).await, [("a".to_owned(), 3), ("b".to_owned(), 1)]);
}

#[tokio::test]
async fn the_log_of_a_machine_and_of_all_is_bounded() {
    let limits = BootLogLimits {
        flush_every: Duration::ZERO,
        per_machine: 8,
        total: 10,
        queue: 16,
    };
    let (site, storage, _stop) = site_with(limits).await;
    for n in 0..30 {
        let detail = n.to_string();
        assert!(storage.record_boot_event("a", event(n, &detail)));
        wait_for("the newest event to be stored", PATIENCE, || async {
            let events = site.storage.boot_log("a").await.unwrap();
            holds(events.last().is_some_and(|e| e.detail == detail), format!("{events:?}"))
        })
        .await;
    }
    wait_for("the surplus to go", PATIENCE, || async {
        let count = site.count("neco/boot-log/a/").await;
        holds(count <= 8 + 2 + 1, format!("{count} records"))
    })
    .await;
    for n in 0..20 {
        site.etcd
            .put(&format!("neco/boot-log/m{n}/{n:016x}-0"), "{}")
            .await
            .unwrap();
    }
    storage.trim_boot_log().await.unwrap();
    assert_eq!(site.count("neco/boot-log/").await, 10);
    assert_eq!(site.storage.boot_log("a").await.unwrap().last(), Some(&event(29, "29")));
}

#[tokio::test]
async fn the_log_of_all_is_read_page_by_page() {
    let site = Site::empty().await;
    let record = |second: u32| {
        serde_json::json!({"writer": "x", "reader": 1, "events": [event(59 - second % 60, "x")]}).to_string()
    };
    // A page ends within a machine's records; names that sort around the `/` keep theirs together.
    for (serial, count) in [("a", 700_u32), ("a-b", 3), ("a0", 2), ("b", 400)] {
        for n in 0..count {
            let key = format!("neco/boot-log/{serial}/{n:016x}-0");
            site.etcd.put(&key, record(n)).await.unwrap();
        }
    }
    site.etcd.put("neco/boot-log/no-record", "x").await.unwrap();
    site.etcd.put("neco/boot-log/c/0-0", "no JSON").await.unwrap();
    let mut all = walked(&site.storage).await;
    all.sort();
    let expected = [("a", 700), ("a-b", 3), ("a0", 2), ("b", 400), ("c", 0)];
    assert_eq!(all, expected.map(|(serial, count)| (serial.to_owned(), count)));
}

#[tokio::test]
async fn a_full_queue_drops_and_counts() {
    let site = Site::empty().await;
    let limits = BootLogLimits {
        queue: 2,
        ..BootLogLimits::default()
    };
    let options = StorageOptions {
        boot_log: limits,
        ..StorageOptions::default()
    };
    // Nobody runs this one, so its queue stays full.
    let storage = Storage::open(site.etcd.clone(), options).await.unwrap();
    let kept: Vec<_> = (0..4).map(|n| storage.record_boot_event("a", event(n, "x"))).collect();
    assert_eq!(kept, [true, true, false, false]);
    let registry = prometheus::Registry::new();
    storage.register_metrics(&registry).unwrap();
    let families = registry.gather();
    let dropped = families
        .iter()
        .find(|f| f.name() == "sabakan_boot_events_dropped_total")
        .unwrap();
    assert!((dropped.get_metric()[0].get_counter().get_value() - 2.0).abs() < f64::EPSILON);
}

#[tokio::test]
async fn events_wait_while_etcd_is_away_and_are_there_once() {
    let limits = BootLogLimits {
        flush_every: Duration::from_millis(20),
        ..BootLogLimits::default()
    };
    let (site, storage, _stop) = site_with(limits).await;
    site.server.kill_all();
    for second in 0..3 {
        assert!(storage.record_boot_event("a", event(second, "x")));
    }
    // The write is under way or has failed: health fails with the same connection.
    wait_for("the outage to be seen", PATIENCE, || async {
        holds(storage.boot_log("a").await.is_err(), "etcd still answers")
    })
    .await;
    assert!(storage.record_boot_event("a", event(3, "x")));
    site.server.restart_all().await;
    wait_for("all events to be stored", PATIENCE, || async {
        let events = storage.boot_log("a").await.map_err(|error| error.to_string())?;
        holds(events.len() == 4, format!("{events:?}"))
    })
    .await;
}
