//! A former leader writes nothing.

use crate::common::Site;
use cke_model::{RebootEntry, Record, ServerStatus};
use cke_storage::StorageError;
use gojson::StringInt;
use testkit::wait::{PATIENCE, wait_for};

#[tokio::test]
async fn a_former_leader_writes_nothing() {
    let site = Site::start().await;
    let storage = &site.storage;
    storage.reboots().add(&[RebootEntry::new("10.0.0.1")]).await.unwrap();
    let former = site.lead("former").await;
    let (guard, lease) = (former.guard(), former.lease_id());
    former.resign().await.unwrap();
    let _present = site.lead("present").await;
    let before = site.etcd.read_prefix("").await.unwrap().kvs;
    let record = Record {
        id: StringInt(1),
        ..Record::default()
    };
    let lost = [
        storage.put_config_version(&guard, "2").await,
        storage.records().register(&guard, &record).await,
        storage.records().update(&guard, &record).await,
        storage.set_reboot_queue_running(&guard, true).await,
        storage.reboots().delete(&guard, 0).await,
        storage.reboots().modify_as(&guard, 0, |_| true).await.map(drop),
        storage
            .reboots()
            .add_as(&guard, &[RebootEntry::new("10.0.0.2")])
            .await
            .map(drop),
    ];
    for refused in lost {
        assert!(
            matches!(refused, Err(StorageError::LostLeadership { .. })),
            "{refused:?}"
        );
    }
    // Its lease is gone as well, which etcd says first.
    assert!(
        storage
            .put_status(&guard, lease, &ServerStatus::default())
            .await
            .is_err()
    );
    assert_eq!(site.etcd.read_prefix("").await.unwrap().kvs, before);
}

#[tokio::test]
async fn the_oldest_candidate_leads_as_in_the_original() {
    let site = Site::start().await;
    assert_eq!(site.storage.leader().await.unwrap(), None);
    let leader = site.lead("boot-0").await;
    assert!(leader.key().starts_with("leader//"), "{}", leader.key());
    site.put("leader//1", "boot-1").await;
    assert_eq!(site.storage.leader().await.unwrap().as_deref(), Some("boot-0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_goes_with_the_leader() {
    let site = Site::start().await;
    let storage = &site.storage;
    let leader = site.lead("boot-0").await;
    let status = ServerStatus {
        phase: "completed".to_owned(),
        timestamp: "2026-11-22T17:14:23.658296049Z".parse().unwrap(),
        ..ServerStatus::default()
    };
    storage
        .put_status(&leader.guard(), leader.lease_id(), &status)
        .await
        .unwrap();
    let want = r#"{"phase":"completed","timestamp":"2026-11-22T17:14:23.658296049Z"}"#;
    assert_eq!(site.value("status").await.unwrap(), want);
    leader.resign().await.unwrap();
    wait_for("the status to go", PATIENCE, async || {
        match storage.status().await.unwrap() {
            None => Ok(()),
            Some(status) => Err(format!("{status:?} is still there")),
        }
    })
    .await;
}
