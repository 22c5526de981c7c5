//! Conditions that a cluster must satisfy, stored under `constraints`.

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
