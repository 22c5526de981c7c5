//! One step from a cluster: machines, node objects and constraints in, nodes out.

use super::{cluster, kube_node, machine, now, shape, taint, template};
use crate::{Change, Error, Generator, Machine, State};
use cke_model::Constraints;
use cke_model::cluster::Cluster;
use cke_model::kubernetes::KubeNode;

const SPARE: &str = "node.cybozu.io/spare";

/// Ten machines in five racks.
fn machines() -> Vec<Machine> {
    let table = [
        (0, 548, State::Healthy),
        (0, 365, State::Retiring),
        (1, 365, State::Unhealthy),
        (1, 365, State::Unreachable),
        (2, 365, State::Unreachable),
        (2, 548, State::Healthy),
        (3, 1096, State::Healthy),
        (3, 548, State::Healthy),
        (4, 548, State::Updating),
        (4, 548, State::Retired),
    ];
    let numbered = (1..).zip(table);
    numbered
        .map(|(n, (rack, days, state))| machine(&format!("10.0.0.{n}"), "cs", rack, days, state))
        .collect()
}

fn some(numbers: &[usize]) -> Vec<Machine> {
    let all = machines();
    numbers.iter().map(|n| all[n - 1].clone()).collect()
}

fn update(
    current: &Cluster,
    control_planes: i64,
    rate: i64,
    machines: &[Machine],
    kube_nodes: &[KubeNode],
) -> Result<Option<(Cluster, Change)>, Error> {
    let mut template = template("", &[""]);
    template.control_plane_tolerations = Some(vec!["foo.cybozu.com/transient".to_owned()]);
    template.sabakan.spare_node_taint_key = SPARE.to_owned();
    let constraints = Constraints {
        control_plane_count: control_planes,
        minimum_workers_rate: rate,
        ..Constraints::default()
    };
    Generator::new(&template, &constraints, machines, kube_nodes, now())?.update(current)
}

/// The step's name and the nodes after it.
fn step(current: &str, control_planes: i64, machines: &[Machine], kube_nodes: &[KubeNode]) -> String {
    tell(update(&tainted(current), control_planes, 0, machines, kube_nodes))
}

fn tell(result: Result<Option<(Cluster, Change)>, Error>) -> String {
    match result {
        Ok(None) => "nothing".to_owned(),
        Ok(Some((cluster, change))) => format!("{}: {}", change.name, shape(&cluster)),
        Err(error) => error.to_string(),
    }
}

/// A cluster whose workers have the taints of their machines.
fn tainted(shape: &str) -> Cluster {
    let mut cluster = cluster(shape);
    for node in cluster.nodes.iter_mut().filter(|node| !node.control_plane) {
        let state = match node.address.as_str() {
            "10.0.0.2" => "retiring",
            "10.0.0.10" => "retired",
            _ => continue,
        };
        node.taints = Some(vec![taint("cke.cybozu.com/state", state, "NoExecute")]);
    }
    cluster
}

/// What it is about; nodes, wanted control planes, machines, Node objects; what is done.
type Case<'a> = (&'a str, &'a str, i64, &'a [Machine], &'a [KubeNode], &'a str);

#[test]
fn the_first_necessary_step_is_done() {
    let spare = kube_node("10.0.0.7", &[taint(SPARE, "true", "NoSchedule")]);
    let elsewhere = kube_node("10.0.0.8", &[taint("node.cybozu.io/hoge", "true", "NoSchedule")]);
    let user = kube_node("10.0.0.7", &[taint("foo", "bar", "NoSchedule")]);
    let system = kube_node(
        "10.0.0.8",
        &[
            taint("node.kubernetes.io/not-ready", "", "NoSchedule"),
            taint("cke.cybozu.com/master", "", "NoSchedule"),
            taint("foo.cybozu.com/transient", "", "NoSchedule"),
        ],
    );
    let all = machines();
    let cases: [Case<'_>; 14] = [
        (
            "what is gone goes, the control plane is filled up",
            "c1 c2 c11 w3 w4 w12",
            3,
            &all,
            &[],
            "remove non-existent node: c1 c2 c7 w3 w4",
        ),
        ("a sick control plane stays", "c1 c3 c6 w7", 3, &all, &[], "nothing"),
        (
            "an unreachable one gets its taint",
            "c1 c4 c6 w7",
            3,
            &all,
            &[],
            "taint nodes: c1 c4 c6 w7",
        ),
        (
            "an unused machine joins the control plane",
            "c1 c6 w7",
            3,
            &all,
            &[],
            "increase control plane: c1 c6 c8 w7",
        ),
        (
            "a spare node is preferred among workers",
            "c1 c6 w7 w8",
            3,
            &all,
            std::slice::from_ref(&spare),
            "increase control plane: c1 c6 c7 w8",
        ),
        (
            "an unused machine is preferred to a spare node",
            "c1 c6 w7",
            3,
            &all,
            std::slice::from_ref(&spare),
            "increase control plane: c1 c6 c8 w7",
        ),
        (
            "a worker is promoted, not one that somebody tainted",
            "c1 c6 w7 w8",
            3,
            &all,
            &[elsewhere],
            "increase control plane: c1 c6 c7 w8",
        ),
        (
            "taints of the system and tolerated ones do not matter",
            "c1 c6 w9",
            3,
            &all,
            &[user, system],
            "increase control plane: c1 c6 c8 w9",
        ),
        (
            "of healthy ones the one with neighbours goes",
            "c1 c7 c8 w6",
            2,
            &all,
            &[],
            "decrease control plane: c1 c7 w6 w8",
        ),
        (
            "a sick one goes first",
            "c3 c7 c8 w6",
            2,
            &all,
            &[],
            "decrease control plane: c7 c8 w6 w3",
        ),
        (
            "healthy machines become workers",
            "c1 c6 w2",
            2,
            &all,
            &[],
            "increase worker: c1 c6 w2 w7 w8",
        ),
        (
            "a retired worker goes",
            "c1 c6 w10 w8 w7",
            2,
            &all,
            &[],
            "decrease worker: c1 c6 w8 w7",
        ),
        (
            "no machine is left for the control plane",
            "c1 c4 c6 w5",
            3,
            &some(&[1, 4, 5]),
            &[],
            "no healthy machine is available for another control plane",
        ),
        (
            "half of the control plane is gone",
            "c1 c4 c5 w6",
            3,
            &some(&[4, 6]),
            &[],
            "too many non-existent control plane nodes: 2 of 3 (10.0.0.1, 10.0.0.5)",
        ),
    ];
    for (name, current, control_planes, machines, kube_nodes, expected) in cases {
        assert_eq!(step(current, control_planes, machines, kube_nodes), expected, "{name}");
    }
}

#[test]
fn taints_are_put_right() {
    let mut current = cluster("c6 w3 w8 c1");
    current.nodes[3].taints = Some(vec![taint("cke.cybozu.com/state", "retiring", "NoExecute")]);
    let (updated, change) = update(&current, 2, 0, &some(&[1, 3, 6, 8]), &[]).unwrap().unwrap();
    assert_eq!(
        (change.name, change.changes.as_slice()),
        ("taint nodes", &["change taint of 10.0.0.1".to_owned()][..])
    );
    assert_eq!(shape(&updated), "c6 c1 w3 w8");
    assert!(updated.nodes.iter().all(|node| node.taints.is_none()));
}

#[test]
fn a_retired_worker_stays_where_too_few_would_be_left() {
    let current = tainted("c1 c6 w2 w8 w10");
    let machines = some(&[1, 2, 6, 8, 10]);
    assert_eq!(tell(update(&current, 2, 90, &machines, &[])), "nothing");
    assert_eq!(
        tell(update(&current, 2, 40, &machines, &[])),
        "decrease worker: c1 c6 w2 w8"
    );
}

#[test]
fn a_retired_worker_stays_for_a_while() {
    let current = tainted("c1 c6 w8 w10");
    for (seconds, expected) in [(300.0, "nothing"), (300.5, "decrease worker: c1 c6 w8")] {
        let mut machines = some(&[1, 6, 8, 10]);
        machines[3].status.duration = seconds;
        assert_eq!(tell(update(&current, 2, 0, &machines, &[])), expected);
    }
}

#[test]
fn the_same_machines_in_another_order_give_the_same_cluster() {
    let mut reversed = machines();
    reversed.reverse();
    for current in ["c1 c6 w2", "c1 c2 c11 w3 w4 w12", "c1"] {
        assert_eq!(step(current, 3, &machines(), &[]), step(current, 3, &reversed, &[]));
    }
}
