//! A cluster of three control planes and three workers, and its observation in every state of its life.

mod components;
mod kubernetes;
mod queues;

use cke_model::names::CONFIG_VERSION;
use cke_model::observed::NodeStatus;
use cke_model::{Cluster, Constraints, Node, Observed, Phase};
use cke_plan::{DecideOptions, Desired, Plan, decide};
use jiff::Timestamp;
use serde_json::json;

pub(crate) use kubernetes::{kube_node, namespace};
pub(crate) use queues::{ago, draining, queued, rebooting, repair, repair_in};

pub(crate) const NAMES: [&str; 6] = [
    "10.0.0.11",
    "10.0.0.12",
    "10.0.0.13",
    "10.0.0.14",
    "10.0.0.15",
    "10.0.0.16",
];
pub(crate) const SUBNET: &str = "12.34.56.0/24";
pub(crate) const DOMAIN: &str = "cluster.local";

pub(crate) fn now() -> Timestamp {
    "2031-05-06T07:08:09Z".parse().unwrap()
}

/// What is wanted and what is seen.
#[derive(Clone)]
pub(crate) struct Site {
    pub(crate) desired: Desired,
    pub(crate) observed: Observed,
}

/// All nodes answer, nothing runs.
pub(crate) fn site() -> Site {
    let mut desired = Desired::new(cluster());
    desired.constraints = Constraints {
        control_plane_count: 3,
        reboot_maximum_unreachable: 1,
        ..Constraints::default()
    };
    desired.resources = vec![kubernetes::namespace(1)];
    desired.options = DecideOptions {
        max_concurrent_updates: 5,
    };
    let mut observed = Observed {
        config_version: CONFIG_VERSION.to_owned(),
        ..Observed::default()
    };
    observed.nodes = NAMES.iter().map(|name| ((*name).to_owned(), bare(true))).collect();
    observed.reboots.enabled = true;
    observed.repairs.enabled = true;
    Site { desired, observed }
}

fn bare(ssh_connected: bool) -> NodeStatus {
    NodeStatus {
        ssh_connected,
        ..NodeStatus::default()
    }
}

fn cluster() -> Cluster {
    let mut cluster = Cluster {
        name: "test".to_owned(),
        service_subnet: SUBNET.to_owned(),
        dns_servers: Some(vec!["8.8.8.8".to_owned()]),
        ..Cluster::default()
    };
    cluster.nodes = NAMES.iter().enumerate().map(|(i, name)| node(i, name)).collect();
    cluster.options.kube_scheduler.config = Some(json!({
        "apiVersion": "kubescheduler.config.k8s.io/v1",
        "kind": "KubeSchedulerConfiguration",
        "parallelism": 999,
    }));
    let kubelet = &mut cluster.options.kubelet;
    kubelet.cri_endpoint = "/var/run/k8s-containerd.sock".to_owned();
    kubelet.in_place_update = true;
    kubelet.config = Some(json!({
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "containerLogMaxSize": "20Mi",
        "clusterDomain": DOMAIN,
    }));
    cluster
}

fn node(i: usize, address: &str) -> Node {
    let mut node = Node {
        address: address.to_owned(),
        control_plane: i < 3,
        ..Node::default()
    };
    if i == 3 {
        let names =
            |names: &[(&str, &str)]| Some(names.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect());
        node.labels = names(&[("label1", "value"), ("node-role.kubernetes.io/worker", "true")]);
        node.annotations = names(&[("annotation1", "value")]);
        node.taints = Some(kubernetes::worker_taints());
    }
    node
}

impl Site {
    /// Changes anything.
    pub(crate) fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    pub(crate) fn node(&mut self, i: usize) -> &mut NodeStatus {
        self.observed.nodes.get_mut(NAMES[i]).unwrap()
    }

    pub(crate) fn cluster(&mut self) -> &mut Cluster {
        &mut self.desired.cluster
    }

    /// These nodes do not answer.
    pub(crate) fn lost(mut self, nodes: &[usize]) -> Self {
        nodes.iter().for_each(|i| *self.node(*i) = bare(false));
        self
    }

    pub(crate) fn decide(&self) -> Plan {
        decide(&self.desired, &self.observed, now())
    }
}

/// A case: what it is, the input, the operations with their numbers of targets, and the phase.
pub(crate) type Case = (&'static str, Site, &'static [(&'static str, usize)], Phase);

/// Runs a table of cases, and names every one that differs.
pub(crate) fn check(cases: Vec<Case>) {
    let mut wrong = Vec::new();
    for (name, site, operations, phase) in cases {
        let plan = site.decide();
        assert_eq!(plan, site.decide(), "{name}: two decisions on the same input differ");
        let got: Vec<_> = plan
            .operations
            .iter()
            .map(|o| (o.name.as_str(), o.targets.len()))
            .collect();
        if got != operations || plan.phase != phase {
            let waits: Vec<_> = plan.waits.iter().map(ToString::to_string).collect();
            wrong.push(format!(
                "{name}\n  wanted {phase} {operations:?}\n  got    {} {got:?}\n  waits  {waits:#?}",
                plan.phase
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
