//! Conditions that a cluster must satisfy, stored under `constraints`.

use crate::cluster::Cluster;

record! {
    /// Limits for clusters that are set or generated, and for disruptions.
    pub struct Constraints {
        /// How many control planes there must be.
        "control-plane-count" control_plane_count: i64,
        /// Percentage of machines of the inventory that must be workers.
        "minimum-workers-rate" minimum_workers_rate: i64,
        /// No reboot starts while more nodes than this are unreachable.
        "maximum-unreachable-nodes-for-reboot" reboot_maximum_unreachable: i64,
        /// No automatic repair is queued while more entries than this are.
        "maximum-repair-queue-entries" maximum_repairs: i64,
        /// How long after a planned reboot a machine is not repaired.
        "wait-seconds-to-repair-rebooting" repair_rebooting_seconds: i64,
    }
}

/// A cluster does not satisfy its constraints.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// The number of control planes differs.
    #[error("the cluster has {found} control planes, the constraint control-plane-count wants {wanted}")]
    ControlPlaneCount {
        /// How many the cluster has.
        found: usize,
        /// How many it must have.
        wanted: i64,
    },
}

impl Constraints {
    /// What holds where nothing is stored. (`Default` is what Go has for a missing member: 0.)
    #[must_use]
    pub fn documented_defaults() -> Self {
        Self {
            control_plane_count: 1,
            minimum_workers_rate: 80,
            ..Self::default()
        }
    }

    /// Whether the cluster satisfies them.
    ///
    /// # Errors
    /// Says what it does not satisfy.
    pub fn check(&self, cluster: &Cluster) -> Result<(), Violation> {
        let found = cluster.control_planes().count();
        if i64::try_from(found) == Ok(self.control_plane_count) {
            return Ok(());
        }
        Err(Violation::ControlPlaneCount {
            found,
            wanted: self.control_plane_count,
        })
    }
}
