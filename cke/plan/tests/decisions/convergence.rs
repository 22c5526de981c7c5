//! A plan that is applied leads to a cluster that needs no plan.

use crate::fixture::{NAMES, Site, queued, repair, site};
use crate::world::World;
use cke_model::cluster::Cluster;
use cke_model::names::FIRST_CONFIG_VERSION;

/// What becomes of a cluster, and which operations lead there.
fn follow(site: Site) -> Vec<String> {
    let mut world = World::new(site);
    world.complete();
    world.history
}

#[test]
fn bare_nodes_become_a_cluster() {
    let history = follow(site());
    assert_eq!(history.first().unwrap(), "rivers-bootstrap");
    assert_eq!(history.last().unwrap(), "create-node-dns-configmap");
}

#[test]
fn an_upgrade_ends() {
    let upgraded = site().complete().with(|s| {
        s.desired.images.kubernetes = "kubernetes:next".to_owned();
        s.desired.images.etcd = "etcd:next".to_owned();
        s.desired.images.tools = "tools:next".to_owned();
    });
    let history = follow(upgraded);
    let count = |name: &str| history.iter().filter(|other| *other == name).count();
    assert_eq!((count("kube-apiserver-restart"), count("etcd-restart")), (3, 3));
    assert_eq!(
        (count("kubelet-restart"), count("rivers-restart")),
        (2, 2),
        "6 nodes, 5 at once"
    );
    let first = |name: &str| history.iter().position(|other| other == name).unwrap();
    let last = |name: &str| history.iter().rposition(|other| other == name).unwrap();
    assert!(last("kube-apiserver-restart") < first("kubelet-restart"), "{history:?}");
    assert!(
        last("kube-apiserver-restart") < first("kube-controller-manager-restart"),
        "{history:?}"
    );
}

#[test]
fn a_lost_member_of_etcd_is_replaced() {
    let lost = site().complete().with(|s| {
        s.node(2).etcd = cke_model::observed::EtcdStatus::default();
        s.observed.etcd.in_sync.remove(NAMES[2]);
    });
    assert_eq!(follow(lost), ["etcd-remove-member", "etcd-add-member"]);
}

#[test]
fn a_control_plane_is_exchanged() {
    let exchange = |cluster: &mut Cluster| {
        cluster.nodes[2].control_plane = false;
        cluster.nodes[5].control_plane = true;
    };
    let history = follow(site().complete().with(|s| exchange(s.cluster())));
    for name in [
        "etcd-destroy-member",
        "etcd-add-member",
        "stop-kube-apiserver",
        "update-node",
    ] {
        assert!(
            history.iter().any(|other| other == name),
            "{name} is missing: {history:?}"
        );
    }
}

#[test]
fn both_queues_drain() {
    let entries = (0..6).map(|i| queued(i64::try_from(i).unwrap() + 1, i)).collect();
    let mut world = World::new(site().complete().reboots(entries).repairs(vec![repair(4), repair(0)]));
    world.complete();
    assert!(world.site.observed.reboots.entries.is_empty());
    assert!(
        world
            .site
            .observed
            .repairs
            .entries
            .iter()
            .all(|entry| entry.has_finished())
    );
    assert!(
        world
            .site
            .observed
            .kubernetes
            .nodes
            .iter()
            .all(|node| !node.unschedulable)
    );
}

#[test]
fn the_history_is_that_of_the_original() {
    let recorded = crate::recording::read();
    let bare = recorded.site.clone().with(|s| {
        s.observed = cke_model::Observed {
            config_version: FIRST_CONFIG_VERSION.to_owned(),
            ..Default::default()
        };
        for node in &s.desired.cluster.nodes {
            let bare = cke_model::observed::NodeStatus {
                ssh_connected: true,
                ..Default::default()
            };
            s.observed.nodes.insert(node.address.clone(), bare);
        }
    });
    assert_eq!(without_waits(&follow(bare)), without_waits(&recorded.history));
}

/// How often something is waited for depends on the machines.
fn without_waits(history: &[String]) -> Vec<&str> {
    history
        .iter()
        .map(String::as_str)
        .filter(|name| *name != "wait-kubernetes")
        .collect()
}
