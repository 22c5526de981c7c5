//! Resources, resolvers, and the programs of former control planes.

use crate::fixture::{NAMES, Site, check, namespace, site};
use cke_model::kubernetes::KubeService;
use cke_model::{Phase, ResourceDefinition};

#[test]
fn resources_are_applied() {
    let config_map = ResourceDefinition::from_key("ConfigMap/foo/bar", 1, "{}".to_owned()).unwrap();
    check(vec![
        (
            "all of them",
            site().kubernetes_ready(),
            &[
                ("resource-apply", 1),
                ("resource-apply", 1),
                ("resource-apply", 1),
                ("resource-apply", 1),
                ("resource-apply", 1),
                ("resource-apply", 1),
                ("resource-apply", 1),
                ("resource-apply", 1),
                ("resource-apply", 1),
                ("resource-apply", 1),
                ("create-cluster-dns-configmap", 1),
                ("create-etcd-service", 1),
                ("create-cke-etcd-endpoints", 1),
                ("create-cke-etcd-endpointslice", 1),
            ],
            Phase::K8sMaintain,
        ),
        (
            "a new one of a user",
            site().complete().with(|s| s.desired.resources.push(config_map)),
            &[("resource-apply", 1)],
            Phase::K8sMaintain,
        ),
        (
            "a changed one of a user",
            site().complete().with(|s| s.desired.resources = vec![namespace(2)]),
            &[("resource-apply", 1)],
            Phase::K8sMaintain,
        ),
        (
            "a built-in one with another image",
            site()
                .complete()
                .with(|s| s.desired.images.coredns = "coredns:2".to_owned()),
            &[("resource-apply", 1)],
            Phase::K8sMaintain,
        ),
    ]);
}

#[test]
fn deployments_wait_for_nodes() {
    let few = site().complete().with(|s| {
        s.observed
            .kubernetes
            .resources
            .remove("Deployment/kube-system/cluster-dns");
        s.observed
            .kubernetes
            .nodes
            .iter_mut()
            .take(3)
            .for_each(|n| n.ready = false);
    });
    let plan = few.decide();
    assert_eq!((plan.phase, plan.operations.len()), (Phase::Completed, 0));
    let waits: Vec<_> = plan.waits.iter().map(ToString::to_string).collect();
    assert_eq!(
        waits,
        ["resource Deployment/kube-system/cluster-dns: 3 nodes are ready, Deployments are applied when 4 are"]
    );
    let more = few.with(|s| s.observed.kubernetes.nodes[0].ready = true);
    assert_eq!(more.decide().operations.len(), 1);
}

#[test]
fn resolvers_are_configured() {
    const BOTH: &[(&str, usize)] = &[("update-cluster-dns-configmap", 1), ("update-node-dns-configmap", 1)];
    let service = KubeService {
        cluster_ip: "1.1.1.1".to_owned(),
        ..KubeService::default()
    };
    check(vec![
        (
            "a service is upstream",
            site()
                .complete()
                .with(|s| s.observed.kubernetes.dns_service = Some(service)),
            BOTH,
            Phase::K8sMaintain,
        ),
        (
            "other servers are upstream",
            site()
                .complete()
                .with(|s| s.cluster().dns_servers = Some(vec!["1.1.1.1".to_owned()])),
            BOTH,
            Phase::K8sMaintain,
        ),
        (
            "the cluster's resolver has another address",
            site()
                .complete()
                .with(|s| s.observed.kubernetes.cluster_dns_ip = "10.0.0.54".to_owned()),
            &[("update-node-dns-configmap", 1)],
            Phase::K8sMaintain,
        ),
        (
            "the nodes' one is made once the cluster's has an address",
            site().complete().with(|s| s.observed.kubernetes.node_dns_config = None),
            &[("create-node-dns-configmap", 1)],
            Phase::K8sMaintain,
        ),
    ]);
}

fn former_control_plane(i: usize) -> impl Fn(&mut Site) {
    move |s| {
        let node = s.node(i);
        node.etcd.service.running = true;
        node.etcd.has_data = true;
        node.etcd.is_added_member = true;
        node.api_server.service.running = true;
        node.controller_manager.service.running = true;
        node.scheduler.service.running = true;
        node.etcd_rivers.running = true;
    }
}

#[test]
fn former_control_planes_lose_their_programs() {
    let former = || {
        site()
            .complete()
            .with(former_control_plane(3))
            .with(former_control_plane(4))
            .lost(&[3])
    };
    check(vec![
        (
            "those that can be reached",
            former(),
            &[
                ("stop-kube-apiserver", 1),
                ("stop-kube-controller-manager", 1),
                ("stop-kube-scheduler", 1),
                ("stop-etcd", 1),
                ("stop-etcd-rivers", 1),
            ],
            Phase::StopControlPlane,
        ),
        (
            "etcd stays while the cluster's etcd is not whole",
            former().with(|s| {
                s.observed.etcd.in_sync.remove(NAMES[0]);
            }),
            &[
                ("stop-kube-apiserver", 1),
                ("stop-kube-controller-manager", 1),
                ("stop-kube-scheduler", 1),
                ("stop-etcd-rivers", 1),
            ],
            Phase::StopControlPlane,
        ),
    ]);
}
