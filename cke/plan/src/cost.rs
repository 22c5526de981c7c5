//! What operations cost the cluster: for people who read a plan before it is applied.

use crate::plan::Plan;
use crate::touched;
use cke_model::Operation;
use cke_model::operation::Action;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::ops::AddAssign;

/// What an operation or a plan costs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// Nodes that are touched.
    pub nodes: usize,
    /// Containers that are started where none runs.
    pub starts: usize,
    /// Containers that are replaced.
    pub restarts: usize,
    /// Containers that are removed for good.
    pub stops: usize,
    /// Nodes whose pods are evicted.
    pub drains: usize,
    /// Nodes that are rebooted.
    pub reboots: usize,
    /// Machines on which a repair command runs.
    pub repairs: usize,
    /// Node objects and members of etcd that are removed.
    pub removals: usize,
    /// Commands on nodes: one a step and node.
    pub commands: usize,
}

impl Cost {
    /// Of one operation.
    #[must_use]
    pub fn of(operation: &Operation) -> Self {
        let mut cost = Self {
            nodes: touched::nodes(operation).len(),
            ..Self::default()
        };
        let mut stopped = BTreeSet::new();
        operation
            .steps
            .iter()
            .for_each(|step| cost.count(&step.action, &mut stopped));
        cost.stops = stopped.len();
        cost
    }

    /// Counts an action. What is stopped and started again in one operation is replaced.
    fn count<'a>(&mut self, action: &'a Action, stopped: &mut BTreeSet<(&'a str, &'a str)>) {
        match action {
            Action::StopContainer { nodes, name } | Action::KillContainer { nodes, name } => {
                stopped.extend(nodes.iter().map(|node| (node.as_str(), name.as_str())));
            }
            Action::RunContainer(run) => {
                for node in run.nodes.keys() {
                    if stopped.remove(&(node.as_str(), run.name.as_str())) || run.restart {
                        self.restarts += 1;
                    } else {
                        self.starts += 1;
                    }
                }
            }
            // What may be left there of an earlier attempt is no member.
            Action::EtcdAddMember { container, address, .. } => {
                stopped.remove(&(address.as_str(), container.name.as_str()));
                self.starts += 1;
            }
            Action::RebootDrainStart { entries, .. } => self.drains += entries.len(),
            Action::RepairDrainStart { .. } => self.drains += 1,
            Action::RebootReboot { entries, .. } => self.reboots += entries.len(),
            Action::RepairExecute { .. } => self.repairs += 1,
            Action::KubeRemoveNodes { names, .. } => self.removals += names.len(),
            Action::EtcdRemoveMembers { ids, .. } => self.removals += ids.len(),
            _ => {}
        }
        self.commands += commands(action);
    }

    /// Whether something that runs is taken away, if only for a moment.
    #[must_use]
    pub fn disrupts(&self) -> bool {
        self.restarts + self.stops + self.drains + self.reboots + self.repairs + self.removals > 0
    }
}

/// How many commands run on nodes.
fn commands(action: &Action) -> usize {
    match action {
        Action::PullImage { .. }
        | Action::MakeDirs { .. }
        | Action::EmptyDir { .. }
        | Action::InstallCni { .. }
        | Action::WriteFiles { .. }
        | Action::RunContainer(_)
        | Action::StopContainer { .. }
        | Action::KillContainer { .. }
        | Action::CreateVolume { .. }
        | Action::RemoveVolume { .. }
        | Action::EtcdAddMember { .. } => touched::nodes_of(action).len(),
        _ => 0,
    }
}

impl AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        self.nodes += other.nodes;
        self.starts += other.starts;
        self.restarts += other.restarts;
        self.stops += other.stops;
        self.drains += other.drains;
        self.reboots += other.reboots;
        self.repairs += other.repairs;
        self.removals += other.removals;
        self.commands += other.commands;
    }
}

impl Plan {
    /// What all operations cost together; a node that several touch counts once.
    #[must_use]
    pub fn cost(&self) -> Cost {
        let mut cost = Cost::default();
        self.operations.iter().for_each(|operation| cost += Cost::of(operation));
        let nodes: BTreeSet<_> = self.operations.iter().flat_map(touched::nodes).collect();
        Cost {
            nodes: nodes.len(),
            ..cost
        }
    }
}
