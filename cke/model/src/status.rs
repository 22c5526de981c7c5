//! What the leader is at, stored under `status` for as long as it leads.

use gojson::GoTime;

record! {
    /// The phase of the leader's last decision.
    pub struct ServerStatus {
        /// The phase, one of [`crate::Phase`]'s words.
        "phase" phase: String,
        /// When the cluster was read.
        "timestamp" timestamp: GoTime,
    }
}
