//! The components beside the API servers are started, restarted when they drift, and left alone while control planes are not
//! well.

use crate::fixture::{Case, DOMAIN, Site, check, site};
use cke_model::Phase;
use serde_json::json;

/// A drift, with the operation that mends it; and the same while a control plane is away or unhealthy.
fn drifts(cases: Vec<Case>) {
    let held = cases.iter().flat_map(|(name, site, ..)| {
        let away: Case = (
            name,
            site.clone().lost(&[0]).master_not_ready(0),
            &[("wait-kubernetes", 1)],
            Phase::K8sMaintain,
        );
        let sick: Case = (
            name,
            site.clone().unhealthy_api_server(1).master_not_ready(1),
            &[("wait-kubernetes", 1)],
            Phase::K8sMaintain,
        );
        [away, sick]
    });
    check(held.collect());
    check(cases);
}

fn foo() -> Option<Vec<String>> {
    Some(vec!["foo".to_owned()])
}

fn on<const N: usize>(nodes: [usize; N], change: impl Fn(&mut cke_model::observed::NodeStatus)) -> Site {
    site()
        .all_services()
        .with(|s| nodes.iter().for_each(|i| change(s.node(*i))))
}

#[test]
fn controller_managers() {
    const RESTART: &[(&str, usize)] = &[("kube-controller-manager-restart", 1)];
    drifts(vec![
        (
            "the name of the cluster",
            site().all_services().controller_managers("another"),
            &[("kube-controller-manager-restart", 3)],
            Phase::K8sStart,
        ),
        (
            "image",
            on([0], |n| n.controller_manager.service.image = String::new()),
            RESTART,
            Phase::K8sStart,
        ),
        (
            "surplus arguments",
            on([1], |n| n.controller_manager.service.extra.extra_args = foo()),
            RESTART,
            Phase::K8sStart,
        ),
    ]);
}

#[test]
fn schedulers() {
    const RESTART: &[(&str, usize)] = &[("kube-scheduler-restart", 2)];
    drifts(vec![
        (
            "arguments",
            on([0, 1], |n| n.scheduler.service.built_in.extra_args = foo()),
            RESTART,
            Phase::K8sStart,
        ),
        (
            "image",
            on([0, 1], |n| n.scheduler.service.image = String::new()),
            RESTART,
            Phase::K8sStart,
        ),
        (
            "surplus arguments",
            on([0, 1], |n| n.scheduler.service.extra.extra_args = foo()),
            RESTART,
            Phase::K8sStart,
        ),
        (
            "a field of its file",
            on([0, 1], |n| {
                n.scheduler.config.as_mut().unwrap()["parallelism"] = json!(null)
            }),
            RESTART,
            Phase::K8sStart,
        ),
        (
            "its file is gone",
            on([0, 1], |n| n.scheduler.config = None),
            RESTART,
            Phase::K8sStart,
        ),
    ]);
}

#[test]
fn kubelets() {
    const TWO: &[(&str, usize)] = &[("kubelet-restart", 2)];
    const FIVE: &[(&str, usize)] = &[("kubelet-restart", 5)];
    let declared = |field: &'static str, value: serde_json::Value| {
        site()
            .all_services()
            .with(move |s| s.cluster().options.kubelet.config.as_mut().unwrap()[field] = value)
    };
    drifts(vec![
        (
            "a file for another domain",
            site().all_services().kubelets("foo.local", false),
            FIVE,
            Phase::K8sStart,
        ),
        (
            "a file that allows swap",
            site().all_services().kubelets("", true),
            FIVE,
            Phase::K8sStart,
        ),
        (
            "image",
            on([1, 4], |n| n.kubelet.service.image = String::new()),
            TWO,
            Phase::K8sStart,
        ),
        (
            "surplus arguments",
            on([1, 4], |n| n.kubelet.service.extra.extra_args = foo()),
            TWO,
            Phase::K8sStart,
        ),
        (
            "a field of its file",
            on([1, 4], |n| {
                n.kubelet.config.as_mut().unwrap()["clusterDomain"] = "neco.local".into()
            }),
            TWO,
            Phase::K8sStart,
        ),
        (
            "its file is gone",
            on([1, 4], |n| n.kubelet.config = None),
            TWO,
            Phase::K8sStart,
        ),
        (
            "a new option",
            declared("containerLogMaxFiles", 20.into()),
            FIVE,
            Phase::K8sStart,
        ),
        (
            "a changed option",
            declared("containerLogMaxSize", "1Gi".into()),
            FIVE,
            Phase::K8sStart,
        ),
        (
            "the API does not know three of them",
            site().all_services().with(|s| s.observed.kubernetes.nodes.truncate(3)),
            &[("kubelet-restart", 3)],
            Phase::K8sStart,
        ),
    ]);
}

#[test]
fn kubelets_that_are_left_alone() {
    check(vec![
        (
            "workers that do not answer",
            site().all_services().kubelets("foo.local", false).lost(&[3, 4, 5]),
            &[("kubelet-restart", 3)],
            Phase::K8sStart,
        ),
        (
            "the container runtime cannot be changed",
            site()
                .all_services()
                .with(|s| s.cluster().options.kubelet.cri_endpoint = "/var/run/other.sock".to_owned()),
            &[("wait-kubernetes", 1)],
            Phase::K8sMaintain,
        ),
        (
            "updates in place are not wanted",
            site()
                .all_services()
                .kubelets("foo.local", false)
                .with(|s| s.cluster().options.kubelet.in_place_update = false),
            &[("wait-kubernetes", 1)],
            Phase::K8sMaintain,
        ),
        (
            "an unknown one that is outdated too is restarted once",
            site()
                .all_services()
                .with(|s| s.observed.kubernetes.nodes.truncate(5))
                .with(|s| s.node(5).kubelet.service.image = String::new()),
            &[("kubelet-restart", 1)],
            Phase::K8sStart,
        ),
    ]);
}

#[test]
fn proxies() {
    const TWO: &[(&str, usize)] = &[("kube-proxy-restart", 2)];
    drifts(vec![
        (
            "arguments",
            on([0, 3], |n| n.proxy.service.built_in.extra_args = foo()),
            TWO,
            Phase::K8sStart,
        ),
        (
            "image",
            on([0, 3], |n| n.proxy.service.image = String::new()),
            TWO,
            Phase::K8sStart,
        ),
        (
            "surplus arguments",
            on([0, 3], |n| n.proxy.service.extra.extra_args = foo()),
            TWO,
            Phase::K8sStart,
        ),
        (
            "mode",
            on([0, 3], |n| n.proxy.config.as_mut().unwrap()["mode"] = "ipvs".into()),
            TWO,
            Phase::K8sStart,
        ),
    ]);
    check(vec![
        (
            "a worker that does not answer is left alone",
            on([0, 3], |n| n.proxy.service.built_in.extra_args = foo()).lost(&[3]),
            &[("kube-proxy-restart", 1)],
            Phase::K8sStart,
        ),
        (
            "none is wanted",
            site()
                .all_services()
                .with(|s| s.cluster().options.kube_proxy.disable = true),
            &[("stop-kube-proxy", 5)],
            Phase::K8sStart,
        ),
    ]);
}

#[test]
fn then_kubernetes_is_waited_for() {
    check(vec![
        (
            "no service account yet",
            site().all_services(),
            &[("wait-kubernetes", 1)],
            Phase::K8sMaintain,
        ),
        ("all is there", site().complete(), &[], Phase::Completed),
        (
            "the file of a domain",
            site().complete().kubelets(DOMAIN, false),
            &[],
            Phase::Completed,
        ),
    ]);
}
