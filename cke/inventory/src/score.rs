//! How suitable a machine is for the control plane.

use crate::machine::Machine;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// More than any rack has machines: the score of a machine in an empty rack.
const MOST_PER_RACK: i64 = 100;

/// What a healthy machine has above any other.
const HEALTHY: i64 = 1000;

const SECONDS_PER_DAY: f64 = 86_400.0;

/// Control planes by rack.
pub(crate) type RackCount = BTreeMap<i64, i64>;

/// Higher is better: few control planes in the rack count most, then a long life.
pub(crate) fn score(machine: &Machine, racks: &RackCount, now: Timestamp) -> i64 {
    let neighbours = racks.get(&machine.spec.rack).copied().unwrap_or_default();
    (MOST_PER_RACK - neighbours) * 10 + lifetime(machine, now)
}

/// The same, with healthy machines above all others.
pub(crate) fn score_with_health(machine: &Machine, racks: &RackCount, now: Timestamp) -> i64 {
    let health = if machine.is_healthy() { HEALTHY } else { 0 };
    health + score(machine, racks, now)
}

/// From -3 to 3: whole days until the retire date beyond 250, 500 and 1,000, on either side.
fn lifetime(machine: &Machine, now: Timestamp) -> i64 {
    let days = (-machine.spec.retire_date.seconds_until(now) / SECONDS_PER_DAY).trunc();
    [250.0, 500.0, 1000.0]
        .into_iter()
        .map(|limit| i64::from(days > limit) - i64::from(days < -limit))
        .sum()
}
