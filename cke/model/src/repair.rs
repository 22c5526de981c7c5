//! Entries of the repair queue, stored under `repairs/data/`.

use crate::cluster::{Cluster, Node, RepairOperation, RepairStep};
use gojson::{GoTime, StringInt};
use std::collections::BTreeMap;

words! {
    /// How far a repair is.
    pub enum RepairStatus {
        /// It waits for its turn.
        Queued = "queued",
        /// Its steps are being tried.
        Processing = "processing",
        /// The machine is healthy.
        Succeeded = "succeeded",
        /// The machine is not healthy after the last step, or there is no such repair.
        Failed = "failed",
    }
}

words! {
    /// How far the current step of a repair is.
    pub enum RepairStepStatus {
        /// Nothing was done yet.
        Waiting = "waiting",
        /// Pods are being evicted.
        Draining = "draining",
        /// The command ran; the machine may become healthy.
        Watching = "watching",
    }
}

record! {
    /// A machine that is to be repaired.
    pub struct RepairEntry {
        /// Place in the queue.
        "index" index: StringInt,
        /// Address of the machine.
        "address" address: String,
        /// Name of its node, empty when it is not in the cluster.
        "nodename" nodename: String,
        /// Serial, for entries made from sabakan's states.
        "serial" (omitempty) serial: String,
        /// Type, which selects the procedure.
        "machine_type" machine_type: String,
        /// Name of the repair.
        "operation" operation: String,
        /// How far it is.
        "status" status: RepairStatus,
        /// Current step, from 0.
        "step" step: i64,
        /// How far that is.
        "step_status" step_status: RepairStepStatus,
        /// Whether somebody asked to remove the entry.
        "deleted" deleted: bool,
        /// When the status changed last.
        "last_transition_time" last_transition_time: GoTime,
        /// How often a drain was given up.
        "drain_backoff_count" (omitempty) drain_backoff_count: i64,
        /// No drain before this time.
        "drain_backoff_expire" drain_backoff_expire: GoTime,
    }
}

/// Why the cluster does not say how to go on with an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoProcedure {
    /// No procedure names the machine's type.
    #[error("repair procedure not found for repair queue entry")]
    MachineType,
    /// The procedure has no such operation.
    #[error("repair operation not found for repair queue entry")]
    Operation,
    /// The operation has fewer steps.
    #[error("repair step of repair queue entry is out of range")]
    Step,
}

impl RepairEntry {
    /// A new entry; its index is given when it is stored.
    #[must_use]
    pub fn new(operation: &str, machine_type: &str, address: &str, serial: &str) -> Self {
        Self {
            operation: operation.to_owned(),
            machine_type: machine_type.to_owned(),
            address: address.to_owned(),
            serial: serial.to_owned(),
            status: RepairStatus::Queued,
            step_status: RepairStepStatus::Waiting,
            ..Self::default()
        }
    }

    /// Sets the name of the node as the cluster has it now, or to nothing.
    pub fn fill_nodename(&mut self, cluster: &Cluster) {
        self.nodename = cluster
            .node(&self.address)
            .map_or_else(String::new, |n| n.nodename().to_owned());
    }

    /// Whether the machine was in the cluster when [`RepairEntry::fill_nodename`] looked.
    #[must_use]
    pub fn is_in_cluster(&self) -> bool {
        !self.nodename.is_empty()
    }

    /// Whether nothing more is to be done for it.
    #[must_use]
    pub fn has_finished(&self) -> bool {
        matches!(self.status, RepairStatus::Succeeded | RepairStatus::Failed)
    }

    /// The repair that the cluster declares for it: that of the first procedure with the machine's type.
    ///
    /// # Errors
    /// When there is none.
    pub fn repair_operation<'a>(&self, cluster: &'a Cluster) -> Result<&'a RepairOperation, NoProcedure> {
        let mut procedures = cluster.repair.repair_procedures.iter().flatten();
        let procedure = procedures
            .find(|p| p.machine_types.iter().flatten().any(|t| *t == self.machine_type))
            .ok_or(NoProcedure::MachineType)?;
        let mut operations = procedure.repair_operations.iter().flatten();
        operations
            .find(|o| o.operation == self.operation)
            .ok_or(NoProcedure::Operation)
    }

    /// The step of that repair that it is at.
    ///
    /// # Errors
    /// When there is none.
    pub fn repair_step<'a>(&self, cluster: &'a Cluster) -> Result<&'a RepairStep, NoProcedure> {
        let steps = self
            .repair_operation(cluster)?
            .repair_steps
            .as_deref()
            .unwrap_or_default();
        let step = usize::try_from(self.step).ok().and_then(|step| steps.get(step));
        step.ok_or(NoProcedure::Step)
    }
}

/// How many entries there are of each status; known statuses are there with 0.
#[must_use]
pub fn count(entries: &[RepairEntry]) -> BTreeMap<String, usize> {
    crate::count_words(RepairStatus::ALL, entries.iter().map(|e| &e.status))
}

/// For each address of a node or an entry: for each status, whether an entry of that machine has it.
#[must_use]
pub fn by_address(nodes: &[Node], entries: &[RepairEntry]) -> BTreeMap<String, BTreeMap<String, bool>> {
    let statuses = || -> BTreeMap<_, _> { RepairStatus::ALL.iter().map(|s| (s.to_string(), false)).collect() };
    let addresses = nodes
        .iter()
        .map(|n| &n.address)
        .chain(entries.iter().map(|e| &e.address));
    let mut all: BTreeMap<_, _> = addresses.map(|a| (a.clone(), statuses())).collect();
    for entry in entries {
        let machine = all.get_mut(&entry.address);
        machine.and_then(|statuses| statuses.insert(entry.status.to_string(), true));
    }
    all
}
