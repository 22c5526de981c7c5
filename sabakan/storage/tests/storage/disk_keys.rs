//! S37: disk keys are stored once, and a deletion is told apart from a key that never was.

use crate::common::{Site, actor, fleet};
use sabakan_model::MachineState;
use sabakan_storage::{DiskKey, StorageError};

const SERIAL: &str = "m00000";

async fn registered() -> Site {
    let site = Site::start().await;
    site.storage.register(&actor(), fleet(2)).await.unwrap();
    site
}

#[tokio::test]
async fn s37_a_key_is_stored_once_as_raw_bytes() {
    let site = registered().await;
    assert_eq!(site.storage.disk_key(SERIAL, "sda").await.unwrap(), DiskKey::Never);
    site.storage
        .put_disk_key(&actor(), SERIAL, "sda", b"\x00\xff")
        .await
        .unwrap();
    assert_eq!(
        site.etcd.get("crypts/m00000/sda").await.unwrap().unwrap().value,
        b"\x00\xff"
    );
    assert_eq!(
        site.storage.disk_key(SERIAL, "sda").await.unwrap(),
        DiskKey::Found(b"\x00\xff".to_vec())
    );
    let again = site.storage.put_disk_key(&actor(), SERIAL, "sda", b"other").await;
    assert!(matches!(again, Err(StorageError::Conflict(_))), "{again:?}");
}

#[tokio::test]
async fn s37_of_many_at_once_one_key_wins() {
    let site = registered().await;
    let (other, _stop) = site.another().await;
    let mut tasks = Vec::new();
    for n in 0..10u8 {
        let storage = if n % 2 == 0 {
            site.storage.clone()
        } else {
            other.clone()
        };
        tasks.push(tokio::spawn(async move {
            storage.put_disk_key(&actor(), SERIAL, "sda", &[n]).await.map(|_| n)
        }));
    }
    let mut winners = Vec::new();
    for task in tasks {
        winners.extend(task.await.unwrap());
    }
    assert_eq!(winners.len(), 1);
    assert_eq!(
        site.storage.disk_key(SERIAL, "sda").await.unwrap(),
        DiskKey::Found(winners)
    );
}

#[tokio::test]
async fn s37_deleted_when_retiring_with_a_marker_that_a_new_key_clears() {
    let site = registered().await;
    let (storage, who) = (&site.storage, actor());
    for disk in ["sda", "sdb"] {
        storage.put_disk_key(&who, SERIAL, disk, b"k").await.unwrap();
    }
    storage.put_disk_key(&who, "m00001", "sda", b"other").await.unwrap();
    let early = storage.delete_disk_keys(&who, SERIAL).await;
    assert!(matches!(early, Err(StorageError::WrongState { .. })), "{early:?}");
    storage.set_state(&who, SERIAL, MachineState::Retiring).await.unwrap();
    let late = storage.put_disk_key(&who, SERIAL, "sdc", b"k").await;
    assert!(matches!(late, Err(StorageError::WrongState { .. })), "{late:?}");
    let (disks, _) = storage.delete_disk_keys(&who, SERIAL).await.unwrap();
    assert_eq!(disks, ["sda", "sdb"]);
    assert!(matches!(
        storage.disk_key(SERIAL, "sda").await.unwrap(),
        DiskKey::Deleted(_)
    ));
    assert_eq!(storage.disk_key(SERIAL, "sdc").await.unwrap(), DiskKey::Never);
    assert_eq!(
        storage.disk_key("m00001", "sda").await.unwrap(),
        DiskKey::Found(b"other".to_vec())
    );
    for state in [MachineState::Retired, MachineState::Uninitialized] {
        storage.set_state(&who, SERIAL, state).await.unwrap();
    }
    storage.put_disk_key(&who, SERIAL, "sda", b"new").await.unwrap();
    // When this key is lost now, nobody may take it for one that was deleted.
    site.etcd.delete("crypts/m00000/sda").await.unwrap();
    assert_eq!(storage.disk_key(SERIAL, "sda").await.unwrap(), DiskKey::Never);
    assert!(matches!(
        storage.disk_key(SERIAL, "sdb").await.unwrap(),
        DiskKey::Deleted(_)
    ));
}

#[tokio::test]
async fn s37_bad_names_sizes_and_machines_are_refused_and_the_number_is_bounded() {
    let site = registered().await;
    for (serial, disk) in [(SERIAL, ".."), (SERIAL, "a/b"), ("..", "sda"), (SERIAL, "")] {
        let put = site.storage.put_disk_key(&actor(), serial, disk, b"k").await;
        assert!(
            matches!(put, Err(StorageError::BadRequest(_))),
            "{serial} {disk}: {put:?}"
        );
    }
    for size in [0, 4097] {
        let put = site.storage.put_disk_key(&actor(), SERIAL, "sda", &vec![1; size]).await;
        assert!(matches!(put, Err(StorageError::BadRequest(_))), "{put:?}");
    }
    let unknown = site.storage.put_disk_key(&actor(), "nobody", "sda", b"k").await;
    assert!(matches!(unknown, Err(StorageError::NotFound { .. })), "{unknown:?}");
    for n in 0..100 {
        site.storage
            .put_disk_key(&actor(), SERIAL, &format!("d{n}"), b"k")
            .await
            .unwrap();
    }
    let more = site.storage.put_disk_key(&actor(), SERIAL, "more", b"k").await;
    assert!(matches!(more, Err(StorageError::Quota { limit: 100, .. })), "{more:?}");
}

#[tokio::test]
async fn s37_no_answer_of_etcd_is_never_no_key() {
    let site = registered().await;
    site.server.kill_all();
    let read = site.storage.disk_key(SERIAL, "sda").await.unwrap_err();
    assert!(read.is_unavailable(), "{read:?}");
}
