//! Steps of operations on nodes: one SSH command a node, all nodes at once.

mod archive;
mod container;
mod invocation;
mod once;
mod run;

#[cfg(test)]
mod tests;

pub use invocation::{Invocation, Patience, invocation};

use cke_model::Action;
use neco_ssh::Error;
use std::fmt;

/// Why a step did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The action is none for container engines.
    #[error("this action is not one for container engines")]
    NotForNodes,
    /// A node of the action is not in the cluster.
    #[error("{0} is not a node of the cluster")]
    UnknownNode(String),
    /// A file has no content.
    #[error("{node}: nothing to write was given")]
    NoFiles {
        /// Address.
        node: String,
    },
    /// It failed on some nodes; the others have done it.
    #[error("{step} failed on {} of {of} nodes: {}", failures.len(), Listed(failures))]
    Failed {
        /// What was done.
        step: String,
        /// In order of addresses: why.
        failures: Vec<(String, Error)>,
        /// How many nodes it was tried on.
        of: usize,
    },
    /// Kubelets did not become healthy in time.
    #[error("kubelet is not healthy after {after:?} on {} of {of} nodes: {}", reasons.len(), listed(reasons))]
    KubeletNotHealthy {
        /// In order of addresses: why.
        reasons: Vec<(String, String)>,
        /// How many nodes were waited for.
        of: usize,
        /// For how long.
        after: std::time::Duration,
    },
}

/// Reasons by node, for a person. Those of SSH name their node themselves.
struct Listed<'a>(&'a [(String, Error)]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reasons: Vec<String> = self.0.iter().map(|(_, error)| error.in_words()).collect();
        f.write_str(&reasons.join("; "))
    }
}

fn listed(reasons: &[(String, String)]) -> String {
    let reasons: Vec<String> = reasons
        .iter()
        .map(|(node, reason)| format!("{node}: {reason}"))
        .collect();
    reasons.join("; ")
}

/// The addresses that an action is for, in order; none where it is not for container engines.
#[must_use]
pub fn nodes_of(action: &Action) -> Option<Vec<&str>> {
    let nodes = match action {
        Action::PullImage { nodes, .. }
        | Action::MakeDirs { nodes, .. }
        | Action::EmptyDir { nodes, .. }
        | Action::InstallCni { nodes, .. }
        | Action::StopContainer { nodes, .. }
        | Action::KillContainer { nodes, .. }
        | Action::CreateVolume { nodes, .. }
        | Action::RemoveVolume { nodes, .. }
        | Action::WaitKubelet { nodes } => nodes.iter().map(String::as_str).collect(),
        Action::WriteFiles { nodes, .. } => nodes.iter().map(|files| files.node.as_str()).collect(),
        Action::RunContainer(container) => container.nodes.keys().map(String::as_str).collect(),
        _ => return None,
    };
    Some(nodes)
}
