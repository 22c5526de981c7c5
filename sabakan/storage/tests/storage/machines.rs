//! S3 to S7 and S9 to S14: the inventory in a real etcd.

use crate::common::{Site, actor, fleet, ipam, spec};
use sabakan_model::{GoTime, MachineState, Query};
use sabakan_storage::StorageError;

#[tokio::test]
async fn s3_s4_s5_s6_s7_registered_machines_get_places_and_addresses() {
    let site = Site::start().await;
    let list = vec![
        spec("a", 1, "cs"),
        spec("b", 1, "boot"),
        spec("c", 1, "cs"),
        spec("d", 0, "cs"),
    ];
    site.storage.register(&actor(), list).await.unwrap();
    let found = site.storage.search(&Query::default());
    let places: Vec<_> = found
        .iter()
        .map(|m| (m.serial().to_owned(), m.machine.spec.index_in_rack))
        .collect();
    let want = [("a", 4), ("b", 3), ("c", 5), ("d", 4)];
    assert_eq!(places, want.map(|(s, i)| (s.to_owned(), i)));
    assert_eq!(site.value("node-indices/1").await.unwrap(), "[4,3,5]");
    let a = &found[0].machine;
    assert_eq!(
        a.spec.ipv4.as_deref().unwrap(),
        ["10.64.0.196", "10.64.1.4", "10.64.1.68"]
    );
    assert_eq!(a.spec.bmc.ipv4, "10.0.0.36");
    assert_eq!(a.info.network.ipv4.as_ref().unwrap()[0].gateway, "10.64.0.193");
    assert_eq!(a.spec.register_date, a.spec.retire_date);
    let stored = site.value("machines/a").await.unwrap();
    let mut shown = Vec::new();
    found[0].write_json(&mut shown, a.status.timestamp.instant());
    assert_eq!(String::from_utf8(shown).unwrap(), stored);
}

#[tokio::test]
async fn s4_a_registration_is_all_or_none() {
    let site = Site::start().await;
    site.storage.register(&actor(), vec![spec("b", 0, "cs")]).await.unwrap();
    let taken = site
        .storage
        .register(&actor(), vec![spec("a", 0, "cs"), spec("b", 0, "cs")])
        .await;
    assert!(
        matches!(&taken, Err(StorageError::Conflict(m)) if m.contains("b exists")),
        "{taken:?}"
    );
    let twice = site
        .storage
        .register(&actor(), vec![spec("c", 0, "cs"), spec("c", 0, "cs")])
        .await;
    assert!(matches!(&twice, Err(StorageError::BadRequest(_))), "{twice:?}");
    let bad = site
        .storage
        .register(&actor(), vec![spec("d", 0, "cs"), spec("../x", 0, "cs")])
        .await;
    assert!(matches!(&bad, Err(StorageError::BadRequest(_))), "{bad:?}");
    assert_eq!(site.count("machines/").await, 1);
    assert_eq!(site.value("node-indices/0").await.unwrap(), "[4]");
}

#[tokio::test]
async fn s5_one_boot_server_and_no_more_than_fit_in_a_rack() {
    let site = Site::start().await;
    site.storage
        .register(&actor(), vec![spec("boot", 0, "boot")])
        .await
        .unwrap();
    let second = site.storage.register(&actor(), vec![spec("boot2", 0, "boot")]).await;
    assert!(matches!(second, Err(StorageError::Conflict(_))), "{second:?}");
    let full = (0..29).map(|n| spec(&format!("m{n}"), 0, "cs")).collect();
    let full = site.storage.register(&actor(), full).await;
    assert!(matches!(full, Err(StorageError::Conflict(_))), "{full:?}");
    site.storage.register(&actor(), fleet(28)).await.unwrap();
    assert_eq!(site.storage.machine_count(), 29);
    let far = site.storage.register(&actor(), vec![spec("far", 1 << 32, "cs")]).await;
    assert!(matches!(far, Err(StorageError::BadRequest(_))), "{far:?}");
}

#[tokio::test]
async fn s5_two_servers_never_give_one_place_twice() {
    let site = Site::start().await;
    let (other, _stop) = site.another().await;
    let mut tasks = Vec::new();
    for n in 0..24 {
        let storage = if n % 2 == 0 {
            site.storage.clone()
        } else {
            other.clone()
        };
        tasks.push(tokio::spawn(async move {
            storage.register(&actor(), vec![spec(&format!("m{n}"), 7, "cs")]).await
        }));
    }
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let mut indices: Vec<u64> = serde_json::from_str(&site.value("node-indices/7").await.unwrap()).unwrap();
    indices.sort_unstable();
    assert_eq!(indices, (4..28).collect::<Vec<_>>());
}

#[tokio::test]
async fn s9_the_address_formulas_are_frozen_once_machines_exist() {
    let site = Site::empty().await;
    let unset = site.storage.register(&actor(), fleet(1)).await;
    assert!(matches!(unset, Err(StorageError::Conflict(_))), "{unset:?}");
    let mut site_config = site.storage.site();
    site.storage.put_ipam(&actor(), &ipam()).await.unwrap();
    assert!(site_config.borrow_and_update().ipam.is_some());
    site.storage.put_ipam(&actor(), &ipam()).await.unwrap();
    site.storage.register(&actor(), fleet(1)).await.unwrap();
    let frozen = site.storage.put_ipam(&actor(), &ipam()).await;
    assert!(matches!(frozen, Err(StorageError::Conflict(_))), "{frozen:?}");
    let invalid = sabakan_model::IpamConfig::default();
    assert!(matches!(
        site.storage.put_ipam(&actor(), &invalid).await,
        Err(StorageError::BadRequest(_))
    ));
}

#[tokio::test]
async fn s10_states_follow_the_lifecycle() {
    let site = Site::start().await;
    site.storage.register(&actor(), fleet(1)).await.unwrap();
    let healthy = site
        .storage
        .set_state(&actor(), "m00000", MachineState::Healthy)
        .await
        .unwrap();
    let same = site
        .storage
        .set_state(&actor(), "m00000", MachineState::Healthy)
        .await
        .unwrap();
    assert_eq!(healthy.machine.status.timestamp, same.machine.status.timestamp);
    let forbidden = site
        .storage
        .set_state(&actor(), "m00000", MachineState::Retired)
        .await
        .unwrap_err();
    assert_eq!(
        forbidden.to_string(),
        "transition from [ healthy ] to [ retired ] is forbidden"
    );
    let unknown = site.storage.set_state(&actor(), "nobody", MachineState::Healthy).await;
    assert!(matches!(unknown, Err(StorageError::NotFound { .. })), "{unknown:?}");
    let query = Query::parse("state=healthy").unwrap();
    assert_eq!(site.storage.search(&query).len(), 1);
}

#[tokio::test]
async fn s10_concurrent_changes_are_all_kept() {
    let site = Site::start().await;
    site.storage.register(&actor(), fleet(1)).await.unwrap();
    let (other, _stop) = site.another().await;
    let mut tasks = Vec::new();
    for n in 0..20 {
        let storage = if n % 2 == 0 {
            site.storage.clone()
        } else {
            other.clone()
        };
        let name = format!("l{n}");
        tasks.push(tokio::spawn(async move {
            storage.put_label(&actor(), "m00000", &name, "v").await
        }));
    }
    let mut last = 0;
    for task in tasks {
        last = last.max(task.await.unwrap().unwrap().revision);
    }
    other.wait_for_revision(last).await.unwrap();
    let labels = other.machine("m00000").unwrap().machine.spec.labels.clone().unwrap();
    assert_eq!(labels.len(), 22);
}

#[tokio::test]
async fn s11_s12_retired_only_without_disk_keys_and_deleted_only_when_retired() {
    let site = Site::start().await;
    let (storage, who, serial) = (&site.storage, actor(), "m00000");
    storage.register(&who, fleet(1)).await.unwrap();
    storage.put_disk_key(&who, serial, "disk-0", b"secret").await.unwrap();
    storage.set_state(&who, serial, MachineState::Retiring).await.unwrap();
    let held = storage.set_state(&who, serial, MachineState::Retired).await;
    assert!(
        matches!(held, Err(StorageError::EncryptionKeyExists { .. })),
        "{held:?}"
    );
    let early = storage.delete_machine(&who, serial).await;
    assert!(matches!(early, Err(StorageError::WrongState { .. })), "{early:?}");
    storage.delete_disk_keys(&who, serial).await.unwrap();
    storage.set_state(&who, serial, MachineState::Retired).await.unwrap();
    storage.delete_machine(&who, serial).await.unwrap();
    assert_eq!(site.value("node-indices/0").await.unwrap(), "[]");
    assert!(storage.machine(serial).is_none());
    assert!(matches!(
        storage.fresh_machine(serial).await,
        Err(StorageError::NotFound { .. })
    ));
    let gone = storage.delete_machine(&who, serial).await;
    assert!(matches!(gone, Err(StorageError::NotFound { .. })), "{gone:?}");
    storage.register(&who, fleet(1)).await.unwrap();
}

#[tokio::test]
async fn s12_a_machine_whose_index_is_not_listed_is_deleted_all_the_same() {
    let site = Site::start().await;
    site.storage.register(&actor(), fleet(1)).await.unwrap();
    for state in [MachineState::Retiring, MachineState::Retired] {
        site.storage.set_state(&actor(), "m00000", state).await.unwrap();
    }
    site.etcd.put("node-indices/0", "[9]").await.unwrap();
    site.storage.delete_machine(&actor(), "m00000").await.unwrap();
    assert_eq!(site.value("machines/m00000").await, None);
    assert_eq!(site.value("node-indices/0").await.unwrap(), "[9]");
}

#[tokio::test]
async fn s13_retire_dates_are_kept_as_they_were_given_and_searched() {
    let site = Site::start().await;
    let mut early = spec("early", 0, "cs");
    early.retire_date = GoTime::parse_strict("2020-01-02T03:04:05Z").unwrap();
    site.storage
        .register(&actor(), vec![early, spec("late", 0, "cs")])
        .await
        .unwrap();
    let date = GoTime::parse_strict("2131-05-06T07:08:09+09:00").unwrap();
    site.storage.set_retire_date(&actor(), "late", date).await.unwrap();
    assert!(
        site.value("machines/late")
            .await
            .unwrap()
            .contains(r#""retire-date":"2131-05-06T07:08:09+09:00""#)
    );
    assert!(
        site.value("machines/early")
            .await
            .unwrap()
            .contains(r#""retire-date":"2020-01-02T03:04:05Z""#)
    );
    let mut query = Query::default();
    query.having.min_days_before_retire = Some(30);
    let found = site.storage.search(&query);
    assert_eq!(found.iter().map(|m| m.serial()).collect::<Vec<_>>(), ["late"]);
}

#[tokio::test]
async fn s14_labels_are_put_and_deleted_under_kubernetes_rules() {
    let site = Site::start().await;
    site.storage.register(&actor(), fleet(1)).await.unwrap();
    for (name, value) in [("", "v"), ("-a", "v"), ("a", "v-"), ("a b", "v")] {
        let bad = site.storage.put_label(&actor(), "m00000", name, value).await;
        assert!(
            matches!(bad, Err(StorageError::BadRequest(_))),
            "{name}={value}: {bad:?}"
        );
    }
    site.storage
        .put_label(&actor(), "m00000", "zone", "east")
        .await
        .unwrap();
    let query = Query::parse("labels=zone=east").unwrap();
    assert_eq!(site.storage.search(&query).len(), 1);
    site.storage.delete_label(&actor(), "m00000", "zone").await.unwrap();
    assert!(site.storage.search(&query).is_empty());
    let gone = site.storage.delete_label(&actor(), "m00000", "zone").await;
    assert!(
        matches!(gone, Err(StorageError::NotFound { what: "label", .. })),
        "{gone:?}"
    );
}

#[tokio::test]
async fn fields_of_other_versions_survive_a_change() {
    let site = Site::start().await;
    site.storage.register(&actor(), fleet(1)).await.unwrap();
    let stored = site.value("machines/m00000").await.unwrap();
    let extended = stored.replacen(r#""role":"cs""#, r#""role":"cs","gpu":{"count":2}"#, 1);
    site.etcd.put("machines/m00000", extended).await.unwrap();
    site.storage.put_label(&actor(), "m00000", "a", "b").await.unwrap();
    assert!(
        site.value("machines/m00000")
            .await
            .unwrap()
            .contains(r#""gpu":{"count":2}"#)
    );
}
