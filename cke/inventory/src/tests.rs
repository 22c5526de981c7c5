#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod generate;
mod guard;
mod next;
mod node;
mod query;
mod racks;
mod repairs;
mod score;
mod update;

use crate::{Machine, Spec, State, Status};
use cke_model::cluster::{Cluster, Node};
use cke_model::kubernetes::{KubeNode, Taint};
use cke_model::names::kube::ROLE;
use gojson::GoTime;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

const DAY: i64 = 86_400;

/// The time of every test.
fn now() -> Timestamp {
    "2018-12-02T00:00:00Z".parse().unwrap()
}

/// A date so many days from now.
fn in_days(days: i64) -> GoTime {
    GoTime::utc(now() + SignedDuration::from_secs(days * DAY))
}

/// A machine that has been in its state for ten minutes.
fn machine(address: &str, role: &str, rack: i64, days: i64, state: State) -> Machine {
    let spec = Spec {
        serial: format!("serial-{address}"),
        role: role.to_owned(),
        rack,
        ipv4: vec![address.to_owned()],
        retire_date: in_days(days),
        ..Spec::default()
    };
    Machine {
        spec,
        status: Status { state, duration: 600.0 },
    }
}

fn taint(key: &str, value: &str, effect: &str) -> Taint {
    Taint {
        key: key.to_owned(),
        value: value.to_owned(),
        effect: effect.to_owned(),
        ..Taint::default()
    }
}

fn kube_node(address: &str, taints: &[Taint]) -> KubeNode {
    KubeNode {
        name: address.to_owned(),
        taints: taints.to_vec(),
        ..KubeNode::default()
    }
}

/// A template with one control plane and a node for each role of workers.
fn template(control_plane: &str, workers: &[&str]) -> Cluster {
    let node = |role: &str, control_plane| Node {
        user: "cybozu".to_owned(),
        control_plane,
        labels: (!role.is_empty()).then(|| BTreeMap::from([(ROLE.to_owned(), role.to_owned())])),
        ..Node::default()
    };
    let mut nodes = vec![node(control_plane, true)];
    nodes.extend(workers.iter().map(|role| node(role, false)));
    let (mut parsed, _) = Cluster::parse("name: test\nservice_subnet: 10.0.0.0/14").unwrap();
    parsed.nodes = nodes;
    parsed
}

/// Control planes as `c1`, workers as `w1`, in order: the last part of their addresses.
fn shape(cluster: &Cluster) -> String {
    let name = |node: &Node| {
        let kind = if node.control_plane { 'c' } else { 'w' };
        format!("{kind}{}", node.address.rsplit('.').next().unwrap())
    };
    cluster.nodes.iter().map(name).collect::<Vec<_>>().join(" ")
}

/// A cluster of that shape, in 10.0.0.0/24.
fn cluster(shape: &str) -> Cluster {
    let node = |word: &str| Node {
        address: format!("10.0.0.{}", &word[1..]),
        control_plane: word.starts_with('c'),
        ..Node::default()
    };
    Cluster {
        name: "old".to_owned(),
        nodes: shape.split_whitespace().map(node).collect(),
        ..Cluster::default()
    }
}
