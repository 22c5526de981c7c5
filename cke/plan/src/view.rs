//! The desired and the observed side by side, indexed once: every guard and filter of a decision reads this.
//!
//! A node that does not answer over SSH has no status here, whatever is left of an earlier observation: nothing is ordered
//! on a node that nobody can see.

use crate::desired::Desired;
use cke_component::Site;
use cke_model::Node;
use cke_model::kubernetes::KubeNode;
use cke_model::observed::{NodeStatus, Observed};
use cke_model::reboot::{RebootEntry, RebootStatus};
use cke_model::repair::{RepairEntry, RepairStatus, RepairStepStatus};
use jiff::Timestamp;
use std::collections::HashMap;

/// A node of the cluster with what was seen of it.
#[derive(Clone, Copy)]
pub(crate) struct NodeView<'a> {
    /// As declared.
    pub(crate) node: &'a Node,
    /// Only while it answers over SSH.
    pub(crate) status: Option<&'a NodeStatus>,
    /// Its Node object.
    pub(crate) kube: Option<&'a KubeNode>,
}

impl<'a> NodeView<'a> {
    pub(crate) fn address(&self) -> &'a str {
        &self.node.address
    }

    pub(crate) fn connected(&self) -> bool {
        self.status.is_some()
    }

    /// Whether its API server says that it is healthy.
    pub(crate) fn api_server_healthy(&self) -> bool {
        self.status.is_some_and(|status| status.api_server.healthy)
    }
}

/// Everything a decision looks at.
pub(crate) struct View<'a> {
    pub(crate) desired: &'a Desired,
    pub(crate) observed: &'a Observed,
    pub(crate) now: Timestamp,
    /// What operations are made from.
    pub(crate) site: Site<'a>,
    /// All nodes, in the order of the declaration.
    pub(crate) nodes: Vec<NodeView<'a>>,
    /// The control planes among them.
    pub(crate) control_planes: Vec<NodeView<'a>>,
    by_address: HashMap<&'a str, usize>,
    by_name: HashMap<&'a str, usize>,
    /// By address: nodes that an enabled reboot queue drains or reboots.
    rebooting: HashMap<&'a str, &'a RebootEntry>,
    /// By address: machines that are drained for a repair, or watched after one.
    repairing: HashMap<&'a str, &'a RepairEntry>,
}

impl<'a> View<'a> {
    pub(crate) fn new(desired: &'a Desired, observed: &'a Observed, now: Timestamp) -> Self {
        let kube: HashMap<&str, &KubeNode> = observed.kubernetes.nodes.iter().map(|n| (n.name.as_str(), n)).collect();
        let look = |node: &'a Node| NodeView {
            node,
            status: observed.nodes.get(&node.address).filter(|status| status.ssh_connected),
            kube: kube.get(node.nodename()).copied(),
        };
        let nodes: Vec<_> = desired.cluster.nodes.iter().map(look).collect();
        Self {
            desired,
            observed,
            now,
            site: Site::new(&desired.cluster, &desired.images),
            control_planes: nodes.iter().filter(|n| n.node.control_plane).copied().collect(),
            by_address: nodes.iter().enumerate().map(|(i, n)| (n.address(), i)).collect(),
            by_name: nodes.iter().enumerate().map(|(i, n)| (n.node.nodename(), i)).collect(),
            nodes,
            rebooting: reboots_in_work(observed),
            repairing: repairs_in_work(observed),
        }
    }

    /// The node with this address.
    pub(crate) fn node(&self, address: &str) -> Option<&NodeView<'a>> {
        self.by_address.get(address).and_then(|i| self.nodes.get(*i))
    }

    /// The node whose Node object has this name; it may also be an address.
    pub(crate) fn node_named(&self, name: &str) -> Option<&NodeView<'a>> {
        self.by_name
            .get(name)
            .and_then(|i| self.nodes.get(*i))
            .or_else(|| self.node(name))
    }

    /// Whether this is the address of a control plane.
    pub(crate) fn is_control_plane(&self, address: &str) -> bool {
        self.node(address).is_some_and(|n| n.node.control_plane)
    }

    /// Control planes that do not answer over SSH.
    pub(crate) fn unreachable_control_planes(&self) -> Vec<String> {
        addresses(self.control_planes.iter().filter(|n| !n.connected()))
    }

    /// The first control plane whose API server is healthy.
    pub(crate) fn healthy_api_server(&self) -> Option<NodeView<'a>> {
        self.control_planes.iter().find(|n| n.api_server_healthy()).copied()
    }

    /// The API server to speak to, where Kubernetes can be read through it.
    pub(crate) fn kubernetes(&self) -> Option<NodeView<'a>> {
        let known = self.observed.kubernetes.unknown_because.is_none();
        self.healthy_api_server().filter(|_| known)
    }

    /// The entry of the reboot queue that drains or reboots this node now.
    pub(crate) fn rebooting(&self, address: &str) -> Option<&'a RebootEntry> {
        self.rebooting.get(address).copied()
    }

    /// The entry of the repair queue that drains this machine or watches it now.
    pub(crate) fn repairing(&self, address: &str) -> Option<&'a RepairEntry> {
        self.repairing.get(address).copied()
    }

    /// Whether etcd serves and every member is in sync.
    pub(crate) fn etcd_is_good(&self) -> bool {
        self.observed.etcd.healthy && self.etcd_out_of_sync().next().is_none()
    }

    /// Members of etcd that are not in sync.
    pub(crate) fn etcd_out_of_sync(&self) -> impl Iterator<Item = &'a String> {
        let etcd = &self.observed.etcd;
        etcd.members.keys().filter(|address| !etcd.in_sync.contains(*address))
    }
}

/// The first entry of each node that is being worked on. A disabled queue works on none.
fn reboots_in_work(observed: &Observed) -> HashMap<&str, &RebootEntry> {
    let mut first: HashMap<&str, &RebootEntry> = HashMap::new();
    for entry in observed.reboots.entries.iter().filter(|_| observed.reboots.enabled) {
        first.entry(&entry.node).or_insert(entry);
    }
    first.retain(|_, entry| matches!(entry.status, RebootStatus::Draining | RebootStatus::Rebooting));
    first
}

fn repairs_in_work(observed: &Observed) -> HashMap<&str, &RepairEntry> {
    let works = |entry: &&RepairEntry| {
        entry.status == RepairStatus::Processing
            && matches!(
                entry.step_status,
                RepairStepStatus::Draining | RepairStepStatus::Watching
            )
    };
    let entries = observed.repairs.entries.iter().filter(works);
    entries.map(|entry| (entry.address.as_str(), entry)).collect()
}

/// The addresses of nodes.
pub(crate) fn addresses<'n, 'a: 'n>(nodes: impl IntoIterator<Item = &'n NodeView<'a>>) -> Vec<String> {
    nodes.into_iter().map(|n| n.address().to_owned()).collect()
}
