//! API servers are replaced one by one, and nothing else is while one of them is not well.

use crate::fixture::{DOMAIN, SUBNET, Site, check, site};
use cke_model::Phase;

const ENDPOINTS: (&str, usize) = ("update-kubernetes-endpoints", 1);
const SLICE: (&str, usize) = ("update-kubernetes-endpointslice", 1);

fn outdated(i: usize) -> impl Fn(&mut Site) {
    move |s| s.node(i).api_server.service.image = "outdated".to_owned()
}

fn unhealthy(i: usize) -> impl Fn(&mut Site) {
    move |s| s.node(i).api_server.healthy = false
}

fn stopped(i: usize) -> impl Fn(&mut Site) {
    move |s| {
        s.node(i).api_server.service.running = false;
        s.node(i).api_server.healthy = false;
    }
}

#[test]
fn they_are_replaced_one_by_one() {
    check(vec![
        (
            "all are outdated",
            site().all_services().api_servers("11.22.33.0/24", DOMAIN),
            &[ENDPOINTS, SLICE, ("kube-apiserver-restart", 1)],
            Phase::K8sStart,
        ),
        (
            "one is outdated and marked already",
            site().all_services().with(outdated(0)).master_not_ready(0),
            &[("kube-apiserver-restart", 1)],
            Phase::K8sStart,
        ),
        (
            "the one before comes back into the end points",
            site()
                .all_services()
                .with(|s| s.node(1).api_server.service.extra.extra_args = Some(vec!["foo".to_owned()]))
                .with(|s| s.node(2).api_server.service.extra.extra_args = Some(vec!["foo".to_owned()]))
                .master_not_ready(0),
            &[ENDPOINTS, SLICE, ("kube-apiserver-restart", 1)],
            Phase::K8sStart,
        ),
    ]);
}

#[test]
fn what_is_broken_is_started_at_once() {
    check(vec![
        (
            "two are stopped",
            site().all_services().with(stopped(1)).with(stopped(2)),
            &[ENDPOINTS, SLICE, ("kube-apiserver-restart", 2)],
            Phase::K8sStart,
        ),
        (
            "two are outdated and unhealthy",
            site()
                .all_services()
                .with(outdated(0))
                .with(unhealthy(0))
                .with(outdated(1))
                .with(unhealthy(1)),
            &[ENDPOINTS, SLICE, ("kube-apiserver-restart", 2)],
            Phase::K8sStart,
        ),
        (
            "a healthy one is not replaced meanwhile",
            site().all_services().with(stopped(0)).with(outdated(2)),
            &[ENDPOINTS, SLICE, ("kube-apiserver-restart", 1)],
            Phase::K8sStart,
        ),
    ]);
}

#[test]
fn everything_waits_for_unhealthy_ones() {
    let base = || site().proxied().healthy_etcd().good_api_servers().master_endpoint();
    check(vec![
        (
            "one is not healthy",
            base().unhealthy_api_server(2).master_not_ready(2),
            &[("wait-kubernetes", 1)],
            Phase::K8sMaintain,
        ),
        (
            "one control plane is away",
            base().lost(&[1]).master_not_ready(1),
            &[("wait-kubernetes", 1)],
            Phase::K8sMaintain,
        ),
        (
            "another is outdated",
            site()
                .all_services()
                .with(outdated(1))
                .with(unhealthy(2))
                .master_not_ready(2),
            &[("wait-kubernetes", 1)],
            Phase::K8sMaintain,
        ),
    ]);
}

#[test]
fn no_healthy_api_server_is_a_state_like_any_other() {
    let blind = site()
        .complete()
        .with(unhealthy(0))
        .with(unhealthy(1))
        .with(unhealthy(2));
    let plan = blind.decide();
    assert_eq!((plan.phase, plan.operations.len()), (Phase::K8sMaintain, 0));
    assert!(plan.count_waits().contains_key("no-healthy-api-server"));
}

#[test]
fn kubernetes_that_cannot_be_read_is_not_taken_for_empty() {
    let blind = site().complete().with(|s| {
        s.observed.kubernetes = cke_model::observed::KubernetesStatus {
            unknown_because: Some("timed out".to_owned()),
            ..Default::default()
        };
    });
    let plan = blind.decide();
    assert_eq!((plan.phase, plan.operations), (Phase::K8sMaintain, Vec::new()));
    let waits: Vec<_> = plan.waits.iter().map(ToString::to_string).collect();
    assert_eq!(waits, ["the cluster: Kubernetes could not be read: timed out"]);
}

#[test]
fn the_domain_of_names_is_changed_in_the_order_of_versions() {
    let renamed = || site().complete().with(|s| set_domain(s, "neco.local"));
    check(vec![
        (
            "API servers first",
            renamed(),
            &[ENDPOINTS, SLICE, ("kube-apiserver-restart", 1)],
            Phase::K8sStart,
        ),
        (
            "then kubelets",
            renamed().api_servers(SUBNET, "neco.local"),
            &[("kubelet-restart", 5)],
            Phase::K8sStart,
        ),
        (
            "then resolvers",
            renamed()
                .api_servers(SUBNET, "neco.local")
                .kubelets("neco.local", false),
            &[("update-cluster-dns-configmap", 1), ("update-node-dns-configmap", 1)],
            Phase::K8sMaintain,
        ),
    ]);
}

fn set_domain(s: &mut Site, domain: &str) {
    s.cluster().options.kubelet.config.as_mut().unwrap()["clusterDomain"] = domain.into();
}
