//! What a drain did, and what stood against it.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A pod that stands against a drain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Obstacle {
    /// Namespace of the pod.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Why it stays.
    pub reason: Reason,
}

/// Why a pod stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// A job's pod that must end by itself.
    ProtectedJob,
    /// A disruption budget refuses its eviction; with what the API server said.
    Budget(String),
    /// It cannot be evicted or deleted; with what the API server said.
    Refused(String),
}

impl fmt::Display for Obstacle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Obstacle {
            namespace,
            name,
            reason,
        } = self;
        match reason {
            Reason::ProtectedJob => write!(formatter, "{namespace}/{name}: a protected pod of a job runs"),
            Reason::Budget(said) => write!(formatter, "{namespace}/{name}: its disruption budget refuses: {said}"),
            Reason::Refused(said) => write!(formatter, "{namespace}/{name}: {said}"),
        }
    }
}

/// What a drain did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drained {
    /// Pods that were evicted, as `namespace/name`.
    pub evicted: Vec<String>,
    /// Pods that were deleted: of jobs, and against their budget in namespaces that are not protected.
    pub deleted: Vec<String>,
    /// Pods that stand against it; the drain has failed unless this is empty.
    pub obstacles: Vec<Obstacle>,
}
