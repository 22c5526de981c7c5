//! Everything that a decision needs, in one read.

use crate::common::{LIMIT, Site};
use cke_model::{Cluster, Constraints, RebootEntry, RepairEntry};
use cke_storage::Switch;

#[tokio::test]
async fn an_empty_etcd_has_the_documented_defaults() {
    let site = Site::start().await;
    let world = site.storage.world().await.unwrap();
    assert_eq!((world.cluster, world.template_revision), (None, 0));
    assert_eq!(world.constraints, Constraints::documented_defaults());
    assert_eq!(world.config_version, "1");
    assert!(world.reboot_queue_enabled && world.repair_queue_enabled && world.controls.budget.is_unlimited());
    assert!(world.resources.is_empty() && world.unreadable.is_empty());
}

#[tokio::test]
async fn all_of_it_is_read_at_one_revision() {
    let site = Site::start().await;
    let (storage, leader) = (&site.storage, site.lead("one").await);
    let cluster = Cluster::parse("name: a").unwrap().0;
    storage.put_cluster(&cluster, 0, LIMIT).await.unwrap();
    storage.put_config_version(&leader.guard(), "2").await.unwrap();
    storage.change_constraints(|c| c.control_plane_count = 3).await.unwrap();
    storage.enable(Switch::RepairQueue, false).await.unwrap();
    storage.reboots().add(&[RebootEntry::new("10.0.0.1")]).await.unwrap();
    storage
        .repairs()
        .add(&[RepairEntry::new("a", "b", "10.0.0.2", "")])
        .await
        .unwrap();
    storage
        .resources()
        .put(&[("Namespace/a".to_owned(), "x".to_owned())])
        .await
        .unwrap();
    let world = storage.world().await.unwrap();
    assert_eq!(world.revision, site.etcd.health().await.unwrap().revision);
    assert_eq!(world.cluster.unwrap().value, cluster);
    assert_eq!(
        (world.constraints.control_plane_count, world.config_version.as_str()),
        (3, "2")
    );
    assert_eq!((world.reboot_queue_enabled, world.repair_queue_enabled), (true, false));
    assert_eq!(
        (world.reboots[0].node.as_str(), world.repairs[0].address.as_str()),
        ("10.0.0.1", "10.0.0.2")
    );
    assert_eq!(world.resources[0].key, "Namespace/a");
}

#[tokio::test]
async fn what_cannot_be_read_is_named_and_holds_harm_back() {
    let site = Site::start().await;
    site.storage
        .reboots()
        .add(&[RebootEntry::new("10.0.0.1")])
        .await
        .unwrap();
    let spoiled = [
        "cluster",
        "cluster-revision",
        "constraints",
        "neco/frozen",
        "neco/budget",
        "repairs/data/x",
        "resource/x",
    ];
    for key in spoiled {
        site.put(key, "?").await;
    }
    let world = site.storage.world().await.unwrap();
    let named: Vec<_> = world.unreadable.iter().map(|u| u.key.as_str()).collect();
    assert_eq!(
        named,
        [
            "cluster",
            "cluster-revision",
            "constraints",
            "neco/frozen",
            "neco/budget",
            "resource/x",
            "repairs/data/x"
        ]
    );
    assert_eq!((world.cluster, world.reboots.len()), (None, 1));
    assert!(world.controls.frozen.is_some(), "a brake that cannot be read is on");
    assert_eq!(
        world.controls.budget.cluster,
        Some(0),
        "a budget that cannot be read is spent"
    );
}
