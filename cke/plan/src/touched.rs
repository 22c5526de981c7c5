//! Which nodes and which entries an operation touches, read from its actions.

use cke_model::operation::Action;
use cke_model::{Operation, RebootEntry};
use std::collections::BTreeSet;

/// Addresses of the nodes on which an operation runs something, and names of those whose Node objects it changes.
#[must_use]
pub fn nodes(operation: &Operation) -> BTreeSet<&str> {
    operation.steps.iter().flat_map(|step| nodes_of(&step.action)).collect()
}

pub(crate) fn nodes_of(action: &Action) -> Vec<&str> {
    match action {
        Action::PullImage { nodes, .. }
        | Action::MakeDirs { nodes, .. }
        | Action::EmptyDir { nodes, .. }
        | Action::InstallCni { nodes, .. }
        | Action::StopContainer { nodes, .. }
        | Action::KillContainer { nodes, .. }
        | Action::CreateVolume { nodes, .. }
        | Action::RemoveVolume { nodes, .. }
        | Action::WaitKubelet { nodes }
        | Action::KubeRetaint { nodes, .. }
        | Action::KubeUncordon { nodes, .. } => strs(nodes),
        Action::KubeRemoveNodes { names, .. } => strs(names),
        Action::WriteFiles { nodes, .. } => nodes.iter().map(|files| files.node.as_str()).collect(),
        Action::RunContainer(run) => run.nodes.keys().map(String::as_str).collect(),
        Action::EtcdAddMember { address, .. } => vec![address],
        Action::KubeUpdateNodes { nodes, .. } => nodes.iter().map(|node| node.name.as_str()).collect(),
        _ => reboots(action)
            .iter()
            .map(|entry| entry.node.as_str())
            .chain(repair(action).map(|(_, address)| address))
            .collect(),
    }
}

fn strs(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}

/// The entries of the reboot queue that an action works on.
pub(crate) fn reboots(action: &Action) -> &[RebootEntry] {
    match action {
        Action::RebootDrainStart { entries, .. }
        | Action::RebootDeleteDaemonSetPods { entries, .. }
        | Action::RebootReboot { entries, .. }
        | Action::RebootDrainTimeout { entries }
        | Action::RebootDequeue { entries }
        | Action::RebootCancel { entries } => entries,
        _ => &[],
    }
}

/// The entry of the repair queue that an action works on: its index and address.
pub(crate) fn repair(action: &Action) -> Option<(i64, &str)> {
    match action {
        Action::RepairDrainStart { entry, .. }
        | Action::RepairExecute { entry, .. }
        | Action::RepairFinish { entry, .. }
        | Action::RepairDrainTimeout { entry }
        | Action::RepairDequeue { entry } => Some((entry.index.0, &entry.address)),
        _ => None,
    }
}
