//! What holds automatic harm back: the freeze that stops all effects, and the budget that disruptions are paid from.
//!
//! Both are additions to the original and lie under `neco/`, which it ignores.

use gojson::GoTime;
use serde::{Deserialize, Serialize};

/// What operators say about how fast the cluster may be changed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Controls {
    /// Set while nothing may be done.
    pub frozen: Option<Freeze>,
    /// How much may be disrupted at once.
    pub budget: Budget,
}

record! {
    /// The brake: stored under `neco/frozen`, absent while it is off.
    pub struct Freeze {
        /// Who pulled it.
        "by" by: String,
        /// When.
        "since" since: GoTime,
        /// What for.
        "why" why: String,
    }
}

record! {
    /// How many nodes may be out of service at once, stored under `neco/budget`. No limit where a number is missing.
    ///
    /// A node spends while it cannot be reached, is not ready, is cordoned by CKE, carries a taint `NoExecute`, or is being
    /// rebooted or repaired. Whatever would take a further node out of service waits until there is room in both numbers.
    pub struct Budget {
        /// Nodes of one rack, as the label `topology.kubernetes.io/zone` tells them apart.
        "per-rack" (omitempty) per_rack: Option<i64>,
        /// Nodes of the whole cluster.
        "cluster" (omitempty) cluster: Option<i64>,
    }
}

impl Budget {
    /// Whether there is no limit at all, as in the original.
    #[must_use]
    pub fn is_unlimited(&self) -> bool {
        self.per_rack.is_none() && self.cluster.is_none()
    }
}
