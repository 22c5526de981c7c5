//! How long an entry of a queue may stay as it is, and what happens then: none can stay for ever.
//!
//! | queue | state | deadline | then |
//! |---|---|---|---|
//! | reboot | queued, backing off | [`MAX_DRAIN_FAILURES`] drains | given up: removed, the node is made schedulable |
//! | reboot | draining | `eviction_timeout_seconds` | back to the queue with a back-off |
//! | reboot | rebooting | [`REBOOTING_SECONDS`] | back to the queue with a back-off, given up after [`MAX_REBOOTS`] |
//! | reboot | cancelled, or the node left the cluster | at once | removed |
//! | repair | queued or waiting, without a procedure | [`NO_PROCEDURE_SECONDS`] | failed |
//! | repair | waiting, backing off | [`MAX_REPAIR_DRAIN_FAILURES`] drains | failed |
//! | repair | draining | `eviction_timeout_seconds` | waiting, with a back-off |
//! | repair | watching | `watch_seconds` of the step | the next step, or failed |
//!
//! Entries that have succeeded or failed are a list for people: nothing waits for them.

use cke_model::cluster::Reboot;
use gojson::GoTime;
use jiff::{SignedDuration, Timestamp};

/// A drain is given up after this long where the cluster says nothing else.
pub const EVICTION_SECONDS: i64 = 600;

/// A node that has not booted after this long is put back into the queue, to be drained and rebooted again. Long enough for
/// memory tests and firmware updates: cutting one of those short could cost the machine.
pub const REBOOTING_SECONDS: i64 = 7200;

/// After this many failures of drains and boots a node that does not come back from a reboot is given up.
pub const MAX_REBOOTS: i64 = 3;

/// After this many failed drains a reboot is given up: with a back-off of 1,200 to 1,500 s each, about a week.
pub const MAX_DRAIN_FAILURES: i64 = 500;

/// After this many failed drains a repair is given up: the back-off grows with each, altogether about nine days.
pub const MAX_REPAIR_DRAIN_FAILURES: i64 = 100;

/// An entry for which the cluster declares no repair fails after this long: a day, in which somebody may declare one.
pub const NO_PROCEDURE_SECONDS: i64 = 86_400;

/// `since` and so many seconds more, none where they are negative; never where that is beyond all years.
pub(crate) fn after(since: GoTime, seconds: i64) -> GoTime {
    since
        .checked_add(SignedDuration::from_secs(seconds.max(0)))
        .unwrap_or_else(|| GoTime::utc(Timestamp::MAX))
}

/// Whether a time has come.
pub(crate) fn is_over(until: GoTime, now: Timestamp) -> bool {
    until.instant() < now
}

/// When a node that reboots since then is given up: the time that the command may take with all its retries is added.
pub(crate) fn end_of_reboot(since: GoTime, policy: &Reboot) -> GoTime {
    let some = |seconds: Option<i64>| seconds.unwrap_or_default().max(0);
    let runs = some(policy.command_retries).saturating_add(1);
    let command = some(policy.command_timeout_seconds).saturating_add(some(policy.command_interval));
    after(since, REBOOTING_SECONDS.saturating_add(runs.saturating_mul(command)))
}
