//! A cluster from a template and machines, in as small a step as there is.
//!
//! All healthy machines become nodes. Control planes are spread over racks, live long, and carry no taint that CKE does not know; an
//! unused machine is preferred to a worker, and among either those that are marked as spare.

mod fill;
mod select;
mod update;

use crate::WAIT_RETIRED_SECONDS;
use crate::machine::Machine;
use crate::template::role;
use cke_model::Constraints;
use cke_model::cluster::Invalid;
use cke_model::cluster::{Cluster, Node};
use cke_model::kubernetes::KubeNode;
use jiff::Timestamp;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Why there is no cluster.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No machine can be the control plane that is wanted.
    #[error("no healthy machine is available for another control plane")]
    NotAvailable,
    /// A new template waits until nodes without a machine are removed.
    #[error("failed to apply new template due to missing machines: {}", .0.join(", "))]
    MissingMachines(Vec<String>),
    /// Replacing half of the control planes would break etcd.
    #[error("too many non-existent control plane nodes: {} of {total} ({})", .gone.len(), .gone.join(", "))]
    TooManyGone {
        /// Addresses of those that are gone.
        gone: Vec<String>,
        /// How many control planes there are.
        total: usize,
    },
    /// No node of the template is for the machine.
    #[error("the template has no node for role {role:?} of machine {address}")]
    NoTemplate {
        /// The machine.
        address: String,
        /// Its role.
        role: String,
    },
    /// The template has no control plane or no worker.
    #[error("the template has no node for a {0}")]
    BadTemplate(&'static str),
    /// What was generated breaks a rule of clusters.
    #[error("the generated cluster is invalid")]
    Invalid(#[from] Invalid),
}

/// What was changed, in the words of the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// The kind of change.
    pub name: &'static str,
    /// Each change in a line.
    pub changes: Vec<String>,
}

impl Change {
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            name,
            changes: Vec::new(),
        }
    }

    pub(crate) fn record(&mut self, what: &str, address: &str) {
        self.changes.push(format!("{what}: {address}"));
    }
}

/// A machine with its address.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate<'a> {
    pub(crate) address: &'a str,
    pub(crate) machine: &'a Machine,
}

/// A node of the template.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NodeTemplate<'a> {
    pub(crate) node: &'a Node,
    pub(crate) role: &'a str,
}

/// Generates clusters. It is used for one of its three ways, once.
#[derive(Debug)]
pub struct Generator<'a> {
    template: &'a Cluster,
    constraints: &'a Constraints,
    now: Timestamp,
    wait_retired_seconds: f64,
    /// All machines with an address, in the order of racks.
    machines: Vec<Candidate<'a>>,
    by_address: HashMap<&'a str, Candidate<'a>>,
    kube_nodes: HashMap<&'a str, &'a KubeNode>,
    /// Healthy machines by role; all of them under the empty one.
    healthy: HashMap<&'a str, usize>,
    control_plane: NodeTemplate<'a>,
    workers: Vec<NodeTemplate<'a>>,

    next_control_planes: Vec<Candidate<'a>>,
    next_workers: Vec<Candidate<'a>>,
    unused: select::Unused<'a>,
    workers_by_role: BTreeMap<String, usize>,
}

impl<'a> Generator<'a> {
    /// `kube_nodes` are the Node objects, where they are known: their taints keep machines from the control plane.
    ///
    /// # Errors
    /// [`Error::BadTemplate`].
    pub fn new(
        template: &'a Cluster,
        constraints: &'a Constraints,
        machines: &'a [Machine],
        kube_nodes: &'a [KubeNode],
        now: Timestamp,
    ) -> Result<Self, Error> {
        let node_template = |node: &'a Node| NodeTemplate { node, role: role(node) };
        let control_plane = template.control_planes().last().map(node_template);
        let workers: Vec<_> = template.workers().map(node_template).collect();
        if workers.is_empty() {
            return Err(Error::BadTemplate("worker"));
        }
        let machines = in_order(machines);
        let mut healthy = HashMap::new();
        for machine in machines.iter().map(|c| c.machine).filter(|m| m.is_healthy()) {
            let roles = HashSet::from(["", machine.spec.role.as_str()]);
            roles
                .into_iter()
                .for_each(|role| *healthy.entry(role).or_default() += 1);
        }
        Ok(Self {
            template,
            constraints,
            now,
            wait_retired_seconds: WAIT_RETIRED_SECONDS,
            by_address: machines.iter().map(|c| (c.address, *c)).collect(),
            kube_nodes: kube_nodes.iter().map(|node| (node.name.as_str(), node)).collect(),
            healthy,
            control_plane: control_plane.ok_or(Error::BadTemplate("control plane"))?,
            workers,
            machines,
            next_control_planes: Vec::new(),
            next_workers: Vec::new(),
            unused: select::Unused::default(),
            workers_by_role: BTreeMap::new(),
        })
    }

    /// Sets for how long a machine must have been retired before its node is removed.
    #[must_use]
    pub fn wait_retired(mut self, seconds: f64) -> Self {
        self.wait_retired_seconds = seconds;
        self
    }

    /// Workers by the roles of their machines, after a cluster was generated or nothing was to do.
    #[must_use]
    pub fn workers_by_role(&self) -> &BTreeMap<String, usize> {
        &self.workers_by_role
    }

    /// How many healthy machines are in no cluster.
    #[must_use]
    pub fn unused_machines(&self) -> usize {
        self.unused.len()
    }

    fn append_worker(&mut self, worker: Candidate<'a>) {
        self.next_workers.push(worker);
        *self
            .workers_by_role
            .entry(worker.machine.spec.role.clone())
            .or_default() += 1;
    }

    fn remove_worker(&mut self, worker: Candidate<'a>) {
        self.next_workers.retain(|w| w.address != worker.address);
        if let Some(count) = self.workers_by_role.get_mut(&worker.machine.spec.role) {
            *count = count.saturating_sub(1);
        }
    }
}

/// Machines with addresses, by rack and position: the same answer in another order generates the same cluster. Of two machines with one
/// address the later counts.
fn in_order(machines: &[Machine]) -> Vec<Candidate<'_>> {
    let addressed = machines.iter().filter_map(|machine| {
        Some(Candidate {
            address: machine.address()?,
            machine,
        })
    });
    let by_address: HashMap<_, _> = addressed.map(|candidate| (candidate.address, candidate)).collect();
    let mut ordered: Vec<_> = by_address.into_values().collect();
    ordered.sort_unstable_by_key(|c| (c.machine.spec.rack, c.machine.spec.index_in_rack, c.address));
    ordered
}
