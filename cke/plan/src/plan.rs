//! What a decision says: the phase, what to do in it, and for whatever is not done the reason.

use crate::wait::WaitReason;
use cke_model::{Operation, Phase};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// A decision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// What the leader is at.
    pub phase: Phase,
    /// To be applied in this order; the cluster is then looked at again.
    pub operations: Vec<Operation>,
    /// What is not done now, and why.
    pub waits: Vec<Wait>,
}

impl Plan {
    /// How many waits there are of each reason, by its name: for metrics with bounded labels.
    #[must_use]
    pub fn count_waits(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        self.waits
            .iter()
            .for_each(|wait| *counts.entry(wait.reason.name()).or_default() += 1);
        counts
    }
}

/// Something that is not done now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Wait {
    /// What waits.
    pub subject: Subject,
    /// Why.
    pub reason: WaitReason,
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.subject, self.reason)
    }
}

/// What waits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// The cluster as a whole.
    Cluster,
    /// A node, by address.
    Node(String),
    /// An entry of the reboot queue, by index.
    Reboot(i64),
    /// An entry of the repair queue, by index.
    Repair(i64),
    /// An operation that is ready but for the reason given.
    Operation {
        /// Its name.
        name: String,
        /// What it would touch.
        targets: Vec<String>,
    },
    /// A resource of Kubernetes, by key.
    Resource(String),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cluster => f.write_str("the cluster"),
            Self::Node(address) => write!(f, "node {address}"),
            Self::Reboot(index) => write!(f, "entry {index} of the reboot queue"),
            Self::Repair(index) => write!(f, "entry {index} of the repair queue"),
            Self::Operation { name, targets } => write!(f, "operation {name} on {}", crate::wait::few(targets)),
            Self::Resource(key) => write!(f, "resource {key}"),
        }
    }
}
