//! Entries of the reboot queue, stored under `reboots/data/`.

use gojson::{GoTime, StringInt};

record! {
    /// A node that is to be rebooted.
    pub struct RebootEntry {
        /// Place in the queue.
        "index" index: StringInt,
        /// Address of the node.
        "node" node: String,
        /// `queued`, `draining`, `rebooting` or `cancelled`.
        "status" status: String,
        /// When the status changed last.
        "last_transition_time" last_transition_time: GoTime,
        /// How often a drain was given up.
        "drain_backoff_count" (omitempty) drain_backoff_count: i64,
        /// No drain before this time.
        "drain_backoff_expire" drain_backoff_expire: GoTime,
    }
}
