//! The history.

use crate::common::Site;
use cke_model::Record;
use gojson::{StringInt, to_go_string};

fn record(id: i64) -> Record {
    Record {
        id: StringInt(id),
        operation: format!("op-{id}"),
        ..Record::default()
    }
}

fn ids(records: &[Record]) -> Vec<i64> {
    records.iter().map(|r| r.id.0).collect()
}

#[tokio::test]
async fn a_thousand_records_are_kept() {
    let site = Site::start().await;
    let records = site.storage.records();
    let leader = site.lead("one").await;
    assert_eq!(records.next_id().await.unwrap(), 1);
    // As the original leaves them when it ends between two steps: more than a thousand.
    for id in 1..=1004 {
        let value = to_go_string(&record(id)).unwrap();
        site.put(&format!("records/{id:016x}"), &value).await;
    }
    site.put("records", "1005").await;
    assert_eq!(records.next_id().await.unwrap(), 1005);
    records.register(&leader.guard(), &record(1005)).await.unwrap();
    assert_eq!(site.value("records/0000000000000005").await, None);
    records.trim(&leader.guard()).await.unwrap();
    let kept = records.newest(0).await.unwrap().entries;
    assert_eq!((kept.len(), kept[0].id.0, kept[999].id.0), (1000, 1005, 6));
    assert_eq!(records.next_id().await.unwrap(), 1006);
}

#[tokio::test]
async fn the_newest_come_first_and_gaps_do_not_count() {
    let site = Site::start().await;
    let records = site.storage.records();
    let leader = site.lead("one").await;
    for id in 1..=20 {
        records.register(&leader.guard(), &record(id)).await.unwrap();
    }
    assert_eq!(ids(&records.newest(3).await.unwrap().entries), [20, 19, 18]);
    assert_eq!(records.newest(100).await.unwrap().entries.len(), 20);
    for id in 17..=19 {
        site.etcd.delete(&format!("records/{id:016x}")).await.unwrap();
    }
    assert_eq!(ids(&records.newest(3).await.unwrap().entries), [20, 16, 15]);
    site.put("records/0000000000000010", "?").await;
    let listing = records.newest(3).await.unwrap();
    assert_eq!((ids(&listing.entries), listing.unreadable.len()), (vec![20, 15], 1));
}

#[tokio::test]
async fn a_spoiled_counter_is_found_again() {
    let site = Site::start().await;
    let leader = site.lead("one").await;
    for id in 1..=17 {
        site.storage
            .records()
            .register(&leader.guard(), &record(id))
            .await
            .unwrap();
    }
    site.put("records", "many").await;
    assert_eq!(site.storage.records().next_id().await.unwrap(), 18);
    site.etcd.delete("records").await.unwrap();
    assert_eq!(site.storage.records().next_id().await.unwrap(), 18);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_is_followed() {
    let site = Site::start().await;
    let records = site.storage.records();
    let leader = site.lead("one").await;
    for id in 1..=5 {
        records.register(&leader.guard(), &record(id)).await.unwrap();
    }
    let mut watch = records.watch(2).await.unwrap();
    assert_eq!(watch.next().await.unwrap().id.0, 4);
    assert_eq!(watch.next().await.unwrap().id.0, 5);
    site.put("records/00000000000000ff", "?").await;
    let mut changed = record(5);
    changed.info = "done".to_owned();
    records.update(&leader.guard(), &changed).await.unwrap();
    records.register(&leader.guard(), &record(6)).await.unwrap();
    assert_eq!(watch.next().await.unwrap().info, "done");
    assert_eq!(watch.next().await.unwrap().id.0, 6);
}
