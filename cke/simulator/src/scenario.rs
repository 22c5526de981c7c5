//! What a simulation is made of: the size of the cluster, how much happens to it, and its limits.

use cke_model::cluster::{RepairOperation, RepairProcedure, RepairStep};
use cke_model::controls::Budget;
use cke_model::{Cluster, Constraints, Node};
use cke_plan::{DecideOptions, Desired};
use serde_json::json;
use std::collections::BTreeMap;

/// Type of all machines.
pub(crate) const MACHINE_TYPE: &str = "simulated";
/// Name of the repair of machines that do not answer.
pub(crate) const UNREACHABLE: &str = "unreachable";

/// A simulation to run.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Everything random follows from it.
    pub seed: u64,
    /// Control planes.
    pub control_planes: usize,
    /// Other nodes.
    pub workers: usize,
    /// Racks that nodes are spread over.
    pub racks: usize,
    /// Failures, requests and changes.
    pub events: usize,
    /// How many of them happen at the same time, at most.
    pub burst: u64,
    /// Nodes that one operation touches.
    pub max_concurrent_updates: usize,
    /// Limits for disruptions; none where both are missing.
    pub budget: Budget,
}

impl Scenario {
    /// A small cluster to which much happens.
    #[must_use]
    pub fn small(seed: u64) -> Self {
        Self {
            seed,
            control_planes: 3,
            workers: 20,
            racks: 4,
            events: 150,
            burst: 4,
            max_concurrent_updates: 5,
            budget: Budget::default(),
        }
    }

    /// What is wanted at the beginning.
    pub(crate) fn desired(&self) -> Desired {
        let mut desired = Desired::new(self.cluster());
        desired.constraints = Constraints {
            control_plane_count: i64::try_from(self.control_planes).unwrap_or(i64::MAX),
            reboot_maximum_unreachable: i64::try_from(self.workers / 10).unwrap_or(i64::MAX).saturating_add(2),
            ..Constraints::default()
        };
        desired.options = DecideOptions {
            max_concurrent_updates: self.max_concurrent_updates,
        };
        desired.controls.budget = self.budget.clone();
        desired
    }

    fn cluster(&self) -> Cluster {
        let mut cluster = Cluster {
            name: "simulated".to_owned(),
            service_subnet: "10.68.0.0/16".to_owned(),
            dns_servers: Some(vec!["10.1.0.1".to_owned()]),
            ..Cluster::default()
        };
        let count = self.control_planes.saturating_add(self.workers);
        cluster.nodes = (0..count).map(|index| self.node(index)).collect();
        cluster.reboot.reboot_command = Some(vec!["reboot".to_owned()]);
        cluster.reboot.boot_check_command = Some(vec!["booted".to_owned()]);
        cluster.reboot.max_concurrent_reboots = Some(i64::try_from(self.workers / 20).unwrap_or(1).max(1));
        cluster.repair.max_concurrent_repairs = Some(3);
        cluster.repair.repair_procedures = Some(vec![procedure()]);
        cluster.options.kubelet.in_place_update = true;
        cluster.options.kubelet.cri_endpoint = "unix:///run/containerd/containerd.sock".to_owned();
        cluster.options.kube_proxy.config = Some(json!({
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "mode": "nftables",
        }));
        cluster
    }

    /// The node with this number, counted from 0.
    pub(crate) fn node(&self, index: usize) -> Node {
        let rack = index.checked_rem(self.racks).unwrap_or(0);
        let labels = [("topology.kubernetes.io/zone".to_owned(), format!("rack{rack}"))];
        Node {
            address: address(index),
            user: "cybozu".to_owned(),
            control_plane: index < self.control_planes,
            labels: Some(BTreeMap::from(labels)),
            ..Node::default()
        }
    }
}

fn address(index: usize) -> String {
    format!("10.{}.{}.{}", index / 62_500, index / 250 % 250, index % 250 + 1)
}

/// Power off and on, after a drain at first; then without.
fn procedure() -> RepairProcedure {
    let step = |need_drain, watch| RepairStep {
        repair_command: Some(vec!["power-cycle".to_owned()]),
        need_drain,
        watch_seconds: Some(watch),
        ..RepairStep::default()
    };
    RepairProcedure {
        machine_types: Some(vec![MACHINE_TYPE.to_owned()]),
        repair_operations: Some(vec![RepairOperation {
            operation: UNREACHABLE.to_owned(),
            repair_steps: Some(vec![step(true, 600), step(false, 600), step(false, 1200)]),
            ..RepairOperation::default()
        }]),
        ..RepairProcedure::default()
    }
}
