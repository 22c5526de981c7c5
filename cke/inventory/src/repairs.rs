//! Which machines are to be repaired, from their states in the inventory.
//!
//! Three limiters: a machine with an entry in the queue, finished or not, gets no other; an unreachable machine that may just be booting
//! waits; and when the queue and the new entries together are more than the constraint allows, nothing is queued at all: so many faults at
//! once are one fault somewhere else, and repairs end in data that is deleted.

use crate::machine::{Machine, State};
use cke_model::reboot::{RebootStatus, first_of_each_node};
use cke_model::{Constraints, RebootEntry, RepairEntry};
use std::collections::{BTreeSet, HashSet};

/// What a round looks at.
#[derive(Debug, Clone, Copy)]
pub struct RepairInput<'a> {
    /// sabakan's answer: machines that are not healthy.
    pub machines: &'a [Machine],
    /// The repair queue.
    pub repairs: &'a [RepairEntry],
    /// The reboot queue.
    pub reboots: &'a [RebootEntry],
    /// Addresses of the cluster's nodes.
    pub nodes: &'a BTreeSet<String>,
    /// The stored constraints, or the documented defaults.
    pub constraints: &'a Constraints,
}

/// What is to be queued.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Repairs {
    /// New entries, in the order of the answer; each gets its index when it is stored.
    pub entries: Vec<RepairEntry>,
    /// Why machines are passed over.
    pub reasons: Vec<RepairReason>,
}

/// Why a machine, or all, are passed over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RepairReason {
    /// Nothing to reach it by.
    #[error("machine {serial} is not healthy and has no IPv4 address")]
    NoAddress {
        /// Its serial.
        serial: String,
    },
    /// The limiter for a machine.
    #[error("machine {address} ({serial}) has an entry in the repair queue: delete it when the machine is repaired")]
    Recent {
        /// Its address.
        address: String,
        /// Its serial.
        serial: String,
    },
    /// The limiter for planned reboots.
    #[error("machine {address} ({serial}) is unreachable because it reboots: it has {wait} seconds")]
    Rebooting {
        /// Its address.
        address: String,
        /// Its serial.
        serial: String,
        /// The constraint.
        wait: i64,
    },
    /// The limiter for planned reboots of machines that CKE does not reboot.
    #[error("machine {address} ({serial}) is unreachable and no node: perhaps it reboots, it has {wait} seconds")]
    OutOfCluster {
        /// Its address.
        address: String,
        /// Its serial.
        serial: String,
        /// The constraint.
        wait: i64,
    },
    /// The limiter for the cluster.
    #[error(
        "{queued} entries in the repair queue and {new} new ones are more than maximum-repair-queue-entries, {most}: none is queued"
    )]
    TooMany {
        /// Entries that are there.
        queued: usize,
        /// Entries that would be made.
        new: usize,
        /// The constraint.
        most: i64,
    },
}

/// Decides which repairs are queued.
#[must_use]
pub fn next_repairs(input: &RepairInput<'_>) -> Repairs {
    let rebooting: HashSet<_> = first_of_each_node(input.reboots)
        .into_iter()
        .filter(|entry| entry.status == RebootStatus::Rebooting)
        .map(|entry| entry.node.as_str())
        .collect();
    let mut recent: HashSet<_> = input.repairs.iter().map(|entry| entry.address.as_str()).collect();
    let mut repairs = Repairs::default();
    for machine in input.machines {
        match candidate(machine, input, &recent, &rebooting) {
            Ok(address) => {
                recent.insert(address);
                repairs.entries.push(entry(machine, address));
            }
            Err(reason) => repairs.reasons.push(reason),
        }
    }
    limit(&mut repairs, input.repairs.len(), input.constraints.maximum_repairs);
    repairs
}

/// The machine's address, when it is to be repaired.
fn candidate<'a>(
    machine: &'a Machine,
    input: &RepairInput<'_>,
    recent: &HashSet<&str>,
    rebooting: &HashSet<&str>,
) -> Result<&'a str, RepairReason> {
    let serial = machine.spec.serial.clone();
    let Some(found) = machine.address() else {
        return Err(RepairReason::NoAddress { serial });
    };
    let address = found.to_owned();
    if recent.contains(found) {
        return Err(RepairReason::Recent { address, serial });
    }
    let wait = input.constraints.repair_rebooting_seconds;
    if machine.status.state != State::Unreachable || machine.status.duration >= seconds(wait) {
        return Ok(found);
    }
    if rebooting.contains(found) {
        return Err(RepairReason::Rebooting { address, serial, wait });
    }
    if !input.nodes.contains(found) {
        return Err(RepairReason::OutOfCluster { address, serial, wait });
    }
    Ok(found)
}

fn entry(machine: &Machine, address: &str) -> RepairEntry {
    let operation = machine.status.state.as_str().to_lowercase();
    RepairEntry::new(&operation, &machine.spec.bmc.bmc_type, address, &machine.spec.serial)
}

fn limit(repairs: &mut Repairs, queued: usize, most: i64) {
    let new = repairs.entries.len();
    if new > 0 && queued + new > usize::try_from(most).unwrap_or(0) {
        repairs.entries.clear();
        repairs.reasons.push(RepairReason::TooMany { queued, new, most });
    }
}

/// Seconds of a constraint; beyond some centuries it does not matter.
fn seconds(constraint: i64) -> f64 {
    f64::from(i32::try_from(constraint).unwrap_or(i32::MAX))
}
