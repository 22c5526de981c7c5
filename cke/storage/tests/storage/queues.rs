//! The queues.

use crate::common::Site;
use cke_model::reboot::RebootStatus;
use cke_model::{RebootEntry, RepairEntry};
use cke_storage::Modified;

fn nodes(count: usize) -> Vec<RebootEntry> {
    (0..count)
        .map(|n| RebootEntry::new(&format!("10.0.{}.{}", n / 250, n % 250)))
        .collect()
}

#[tokio::test]
async fn entries_get_numbers_and_stand_under_them() {
    let site = Site::start().await;
    let queue = site.storage.reboots();
    let added = queue.add(&nodes(2)).await.unwrap();
    assert_eq!(added.iter().map(|e| e.index.0).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(site.value("reboots/write-index").await.unwrap(), "2");
    let want = r#"{"index":"1","node":"10.0.0.1","status":"queued","last_transition_time":"0001-01-01T00:00:00Z","drain_backoff_expire":"0001-01-01T00:00:00Z"}"#;
    assert_eq!(site.value("reboots/data/0000000000000001").await.unwrap(), want);
    let repair = RepairEntry::new("unreachable", "x", "10.0.0.9", "abc");
    site.storage.repairs().add(&[repair]).await.unwrap();
    assert!(
        site.value("repairs/data/0000000000000000")
            .await
            .unwrap()
            .contains(r#""serial":"abc""#)
    );
    assert_eq!(site.value("repairs/write-index").await.unwrap(), "1");
}

#[tokio::test]
async fn many_entries_come_in_batches() {
    let site = Site::start().await;
    let added = site.storage.reboots().add(&nodes(250)).await.unwrap();
    assert_eq!(added.last().unwrap().index.0, 249);
    let listed = site.storage.reboots().list().await.unwrap();
    assert_eq!(listed.entries, added);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_additions_lose_nothing() {
    let site = Site::start().await;
    let add = |n: usize| {
        let storage = site.storage.clone();
        async move {
            storage
                .reboots()
                .add(&[RebootEntry::new(&format!("10.0.0.{n}"))])
                .await
                .unwrap()
        }
    };
    tokio::join!(add(1), add(2), add(3), add(4), add(5));
    let listed = site.storage.reboots().list().await.unwrap().entries;
    assert_eq!(listed.iter().map(|e| e.index.0).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    let mut seen: Vec<_> = listed.into_iter().map(|e| e.node).collect();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 5);
}

#[tokio::test]
async fn what_others_wrote_meanwhile_is_seen_and_kept() {
    let site = Site::start().await;
    let queue = site.storage.reboots();
    queue.add(&nodes(1)).await.unwrap();
    let leader = site.lead("one").await;
    queue
        .modify(0, |entry| {
            entry.status = RebootStatus::Cancelled;
            true
        })
        .await
        .unwrap();
    // The leader would have gone on, had nobody cancelled.
    let start = |entry: &mut RebootEntry| {
        let queued = entry.status == RebootStatus::Queued;
        if queued {
            entry.status = RebootStatus::Draining;
        }
        queued
    };
    let modified = queue.modify_as(&leader.guard(), 0, start).await.unwrap();
    assert!(matches!(
        modified,
        Modified::Unchanged(RebootEntry {
            status: RebootStatus::Cancelled,
            ..
        })
    ));
    queue.delete(&leader.guard(), 0).await.unwrap();
    assert_eq!(queue.modify(0, |_| true).await.unwrap(), Modified::Gone);
    assert_eq!(queue.get(0).await.unwrap(), None);
}

#[tokio::test]
async fn members_of_other_versions_survive_a_change() {
    let site = Site::start().await;
    let stored = r#"{"index":"0","node":"a","status":"queued","last_transition_time":"0001-01-01T00:00:00Z","drain_backoff_expire":"0001-01-01T00:00:00Z","rack":7}"#;
    site.put("reboots/data/0000000000000000", stored).await;
    let cancel = |entry: &mut RebootEntry| {
        entry.status = RebootStatus::Cancelled;
        true
    };
    site.storage.reboots().modify(0, cancel).await.unwrap();
    let written = site.value("reboots/data/0000000000000000").await.unwrap();
    assert_eq!(written, stored.replace("queued", "cancelled"));
}

#[tokio::test]
async fn a_spoiled_entry_costs_that_entry_only() {
    let site = Site::start().await;
    let queue = site.storage.reboots();
    queue.add(&nodes(3)).await.unwrap();
    site.put("reboots/data/0000000000000001", "{").await;
    let listed = queue.list().await.unwrap();
    assert_eq!(listed.entries.iter().map(|e| e.index.0).collect::<Vec<_>>(), [0, 2]);
    assert_eq!(listed.unreadable[0].key, "reboots/data/0000000000000001");
    let error = queue.get(1).await.unwrap_err().to_string();
    assert!(
        error.contains("reboots/data/0000000000000001") && error.contains("cannot be read"),
        "{error}"
    );
}
