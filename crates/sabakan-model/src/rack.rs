//! Which places of a rack are taken, and who gets the next one.

use crate::ipam::{IpamConfig, PlaceError};
use crate::json::Strict;
use crate::machine::Machine;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The role of a rack's boot server: it stands at `node-index-offset`, and there is one a rack.
pub const BOOT_ROLE: &str = "boot";

/// The taken indices of one rack as stored: `null` at first, then a list in the order of assignment.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RackUsage(pub Option<Vec<u64>>);

impl Strict for RackUsage {
    fn first_unknown(&self) -> Option<String> {
        None
    }
}

/// Why machines got no places.
#[derive(Debug, thiserror::Error)]
pub enum AssignError {
    /// The rack has its boot server already.
    #[error("machine {serial}: rack {rack} has a boot server already")]
    BootTaken {
        /// The machine.
        serial: String,
        /// Its rack.
        rack: u64,
    },
    /// All places of the rack are taken.
    #[error("machine {serial}: rack {rack} is full, it has {max} places")]
    Full {
        /// The machine.
        serial: String,
        /// Its rack.
        rack: u64,
        /// `max-nodes-in-rack`.
        max: u64,
    },
    /// A serial stands twice in one registration.
    #[error("machine {0} is listed more than once")]
    Doubled(String),
    /// The place has no addresses.
    #[error("machine {serial} cannot get addresses")]
    Place {
        /// The machine.
        serial: String,
        /// Why.
        #[source]
        source: PlaceError,
    },
}

impl RackUsage {
    /// The taken indices.
    #[must_use]
    pub fn taken(&self) -> &[u64] {
        self.0.as_deref().unwrap_or_default()
    }

    /// Takes the place for a machine: the boot server's own, or the lowest free one.
    ///
    /// # Errors
    /// When it is taken, or none is free.
    pub fn assign(&mut self, machine: &mut Machine, ipam: &IpamConfig) -> Result<(), AssignError> {
        let first = ipam.node_index_offset;
        let (serial, rack) = (machine.spec.serial.clone(), machine.spec.rack);
        let index = if machine.is_boot() {
            if self.taken().contains(&first) {
                return Err(AssignError::BootTaken { serial, rack });
            }
            first
        } else {
            let max = ipam.max_nodes_in_rack;
            let last = first.saturating_add(max);
            let free = (first.saturating_add(1)..=last).find(|index| !self.taken().contains(index));
            free.ok_or(AssignError::Full { serial, rack, max })?
        };
        self.0.get_or_insert_default().push(index);
        machine.spec.index_in_rack = index;
        Ok(())
    }

    /// Frees a place. `false`: it was free already.
    pub fn release(&mut self, index: u64) -> bool {
        let before = self.taken().len();
        if let Some(taken) = &mut self.0 {
            taken.retain(|i| *i != index);
        }
        self.taken().len() < before
    }
}

/// Gives every machine its place and its addresses, in the order of the list; `usages` holds what the racks have taken
/// (a rack that is missing is empty) and is updated.
///
/// # Errors
/// The first machine that cannot be placed; then `machines` and `usages` are half done and to be thrown away.
pub fn assign(
    machines: &mut [Machine],
    usages: &mut BTreeMap<u64, RackUsage>,
    ipam: &IpamConfig,
) -> Result<(), AssignError> {
    let mut serials = std::collections::BTreeSet::new();
    for machine in machines {
        if !serials.insert(machine.spec.serial.clone()) {
            return Err(AssignError::Doubled(machine.spec.serial.clone()));
        }
        usages.entry(machine.spec.rack).or_default().assign(machine, ipam)?;
        let placed = ipam.fill_addresses(machine);
        placed.map_err(|source| AssignError::Place {
            serial: machine.spec.serial.clone(),
            source,
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
