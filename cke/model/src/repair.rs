//! Entries of the repair queue, stored under `repairs/data/`.

use gojson::{GoTime, StringInt};

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
        /// `queued`, `processing`, `succeeded` or `failed`.
        "status" status: String,
        /// Current step, from 0.
        "step" step: i64,
        /// `waiting`, `draining` or `watching`.
        "step_status" step_status: String,
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
