//! Node objects carry what is declared; CKE's own names are kept in step in both directions.

use crate::fixture::{Site, check, kube_node, site};
use cke_model::Phase;
use cke_model::kubernetes::KubeNode;
use cke_model::names::kube::MASTER;
use cke_model::operation::Action;

type Names<'a> = &'a [(&'a str, &'a str)];
type Taints<'a> = &'a [(&'a str, &'a str, &'a str)];

const WORKER: &str = "10.0.0.14";
const LABELS: Names<'_> = &[("label1", "value"), ("node-role.kubernetes.io/worker", "true")];
const ANNOTATIONS: Names<'_> = &[("annotation1", "value")];
const TAINTS: Taints<'_> = &[("taint1", "value1", "NoSchedule"), ("taint2", "", "PreferNoSchedule")];
const UPDATE: &[(&str, usize)] = &[("update-node", 1)];

/// The worker that has declared attributes, with these.
fn worker(labels: Names<'_>, annotations: Names<'_>, taints: Taints<'_>) -> Site {
    site().complete_with(vec![kube_node(WORKER, labels, annotations, taints)])
}

fn with<T: Copy>(declared: &[T], more: T) -> Vec<T> {
    declared.iter().copied().chain([more]).collect()
}

#[test]
fn labels() {
    let labels = |labels: Names<'_>| worker(labels, ANNOTATIONS, TAINTS);
    check(vec![
        ("as declared", labels(LABELS), &[], Phase::Completed),
        ("none", labels(&[]), UPDATE, Phase::K8sMaintain),
        (
            "another value",
            labels(&with(&LABELS[1..], ("label1", "other"))),
            UPDATE,
            Phase::K8sMaintain,
        ),
        (
            "one of CKE's too many",
            labels(&with(LABELS, ("cke.cybozu.com/foo", "bar"))),
            UPDATE,
            Phase::K8sMaintain,
        ),
        (
            "one below CKE's domain too many",
            labels(&with(LABELS, ("sabakan.cke.cybozu.com/foo", "bar"))),
            UPDATE,
            Phase::K8sMaintain,
        ),
        (
            "a role with another value",
            labels(&[("label1", "value"), ("node-role.kubernetes.io/worker", "false")]),
            UPDATE,
            Phase::K8sMaintain,
        ),
        (
            "a role that somebody else gave",
            labels(&with(LABELS, ("node-role.kubernetes.io/other", "true"))),
            &[],
            Phase::Completed,
        ),
        (
            "the role of a control plane",
            labels(&with(LABELS, (MASTER, "true"))),
            UPDATE,
            Phase::K8sMaintain,
        ),
        (
            "a foreign one whose name looks like CKE's",
            labels(&with(LABELS, ("acke.cybozu.com/foo", "bar"))),
            &[],
            Phase::Completed,
        ),
    ]);
}

#[test]
fn labels_of_control_planes() {
    let control_plane = |labels: Names<'_>| site().complete_with(vec![kube_node("10.0.0.11", labels, &[], &[])]);
    check(vec![
        ("none", control_plane(&[]), UPDATE, Phase::K8sMaintain),
        (
            "another value",
            control_plane(&[(MASTER, "hoge")]),
            UPDATE,
            Phase::K8sMaintain,
        ),
        (
            "as it must be",
            control_plane(&[(MASTER, "true")]),
            &[],
            Phase::Completed,
        ),
    ]);
}

#[test]
fn annotations() {
    let annotations = |annotations: Names<'_>| worker(LABELS, annotations, TAINTS);
    check(vec![
        ("none", annotations(&[]), UPDATE, Phase::K8sMaintain),
        (
            "another value",
            annotations(&[("annotation1", "other")]),
            UPDATE,
            Phase::K8sMaintain,
        ),
        (
            "one of CKE's too many",
            annotations(&with(ANNOTATIONS, ("cke.cybozu.com/foo", "bar"))),
            UPDATE,
            Phase::K8sMaintain,
        ),
        (
            "the mark of a reboot is no surplus",
            annotations(&with(ANNOTATIONS, ("cke.cybozu.com/reboot", "true"))),
            &[],
            Phase::Completed,
        ),
        (
            "a foreign one",
            annotations(&with(ANNOTATIONS, ("acke.cybozu.com/foo", "bar"))),
            &[],
            Phase::Completed,
        ),
    ]);
}

#[test]
fn taints() {
    let taints = |taints: Taints<'_>| worker(LABELS, ANNOTATIONS, taints);
    let second = |key, value, effect| with(&TAINTS[..1], (key, value, effect));
    check(vec![
        (
            "another value",
            taints(&second("taint2", "value2", "PreferNoSchedule")),
            UPDATE,
            Phase::K8sMaintain,
        ),
        (
            "another effect",
            taints(&second("taint2", "", "NoExecute")),
            UPDATE,
            Phase::K8sMaintain,
        ),
        (
            "another key",
            taints(&second("taint3", "", "PreferNoSchedule")),
            UPDATE,
            Phase::K8sMaintain,
        ),
        (
            "one of CKE's too many",
            taints(&with(TAINTS, ("cke.cybozu.com/foo", "", "NoSchedule"))),
            UPDATE,
            Phase::K8sMaintain,
        ),
        (
            "a foreign one",
            taints(&with(TAINTS, ("acke.cybozu.com/foo", "", "NoSchedule"))),
            &[],
            Phase::Completed,
        ),
    ]);
}

fn master_taint(name: &str, effect: &str) -> KubeNode {
    let labels: Names<'_> = if name < "10.0.0.14" { &[(MASTER, "true")] } else { &[] };
    kube_node(name, labels, &[], &[(MASTER, "hoge", effect)])
}

#[test]
fn the_taint_of_control_planes() {
    let tainted = |nodes: Vec<KubeNode>| {
        site()
            .complete_with(nodes)
            .with(|s| s.cluster().taint_control_plane = true)
    };
    let planes = |effect: &str| {
        vec![
            master_taint("10.0.0.11", effect),
            master_taint("10.0.0.12", "PreferNoSchedule"),
            master_taint("10.0.0.13", "PreferNoSchedule"),
        ]
    };
    let mut more = planes("PreferNoSchedule");
    more.push(master_taint("10.0.0.15", "PreferNoSchedule"));
    check(vec![
        (
            "is missing",
            tainted(Vec::new()),
            &[("update-node", 3)],
            Phase::K8sMaintain,
        ),
        ("is there", tainted(planes("PreferNoSchedule")), &[], Phase::Completed),
        (
            "has another effect",
            tainted(planes("NoExecute")),
            UPDATE,
            Phase::K8sMaintain,
        ),
        (
            "is there and not wanted",
            site().complete_with(vec![master_taint("10.0.0.11", "PreferNoSchedule")]),
            UPDATE,
            Phase::K8sMaintain,
        ),
        ("is on a worker", tainted(more), UPDATE, Phase::K8sMaintain),
    ]);
}

#[test]
fn nodes_that_left_the_cluster() {
    let stranger = || kube_node("10.0.0.20", &[], &[], &[]);
    let renamed = site()
        .complete_with(vec![kube_node("worker-6", &[], &[], &[])])
        .with(|s| {
            s.cluster().nodes[5].hostname = "worker-6".to_owned();
            s.observed.kubernetes.nodes.retain(|n| n.name != "10.0.0.16");
            let args = &mut s.node(5).kubelet.service.built_in.extra_args;
            args.as_mut()
                .unwrap()
                .iter_mut()
                .filter(|arg| arg.starts_with("--hostname-override="))
                .for_each(|arg| {
                    *arg = "--hostname-override=worker-6".to_owned();
                });
            s.node(5).proxy.config.as_mut().unwrap()["hostnameOverride"] = "worker-6".into();
        });
    check(vec![
        (
            "lose their object",
            site().complete_with(vec![stranger()]),
            &[("remove-node", 1)],
            Phase::K8sMaintain,
        ),
        ("one with a host name is none of them", renamed, &[], Phase::Completed),
    ]);
}

#[test]
fn what_is_not_declared_stays() {
    let labels = [
        ("label1", "other"),
        ("mine", "1"),
        ("cke.cybozu.com/old", "1"),
        (MASTER, "true"),
    ];
    let taints = [
        ("mine", "", "NoSchedule"),
        ("taint1", "old", "NoExecute"),
        ("cke.cybozu.com/old", "", "NoSchedule"),
    ];
    let plan = worker(&labels, &[("mine", "2")], &taints).decide();
    let [operation] = plan.operations.as_slice() else {
        panic!("{plan:?}")
    };
    let Action::KubeUpdateNodes { nodes, .. } = &operation.steps[0].action else {
        panic!("{operation:?}")
    };
    let wanted = kube_node(
        WORKER,
        &[
            ("label1", "value"),
            ("mine", "1"),
            ("node-role.kubernetes.io/worker", "true"),
        ],
        &[("annotation1", "value"), ("mine", "2")],
        &[TAINTS[0], TAINTS[1], ("mine", "", "NoSchedule")],
    );
    assert_eq!(nodes[0].labels, wanted.labels);
    assert_eq!(nodes[0].annotations, wanted.annotations);
    assert_eq!(nodes[0].taints, wanted.taints);
}
