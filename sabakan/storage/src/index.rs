//! Machines in memory, found by what they are.
//!
//! It answers searches without etcd, at a cost that follows the number of candidates of the most selective condition. It is
//! a plain data structure: [`crate::mirror`] feeds it and keeps it behind a lock. See `docs/adr/0003-in-memory-index.md`.

mod clauses;
mod entry;
mod postings;
mod search;

pub use entry::MachineEntry;

use postings::{Facet, Postings, Term};
use sabakan_model::Machine;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// All machines with the ways to find them.
#[derive(Debug, Default)]
pub struct Index {
    slots: Vec<Option<Arc<MachineEntry>>>,
    free: Vec<u32>,
    by_serial: BTreeMap<Box<str>, u32>,
    postings: Postings,
    /// Slots by second of the retire date.
    by_retire: BTreeSet<(i64, u32)>,
}

impl Index {
    /// The number of machines.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_serial.len()
    }

    /// True when there is no machine.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_serial.is_empty()
    }

    /// One machine.
    #[must_use]
    pub fn get(&self, serial: &str) -> Option<&Arc<MachineEntry>> {
        self.entry(*self.by_serial.get(serial)?)
    }

    /// All machines, sorted by serial.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<MachineEntry>> {
        self.by_serial.values().filter_map(|slot| self.entry(*slot))
    }

    /// Adds a machine, or replaces the one of the same serial.
    pub fn insert(&mut self, entry: Arc<MachineEntry>) {
        self.remove(entry.serial());
        // More than 2^32 machines do not fit into memory: the last slot would be reused long after that.
        let next = u32::try_from(self.slots.len()).unwrap_or(u32::MAX);
        let slot = self.free.pop().unwrap_or(next);
        for term in terms(&entry.machine) {
            self.postings.add(term, slot);
        }
        self.by_retire.insert((retire_second(&entry.machine), slot));
        self.by_serial.insert(entry.serial().into(), slot);
        match self.slots.get_mut(slot as usize) {
            Some(place) => *place = Some(entry),
            None => self.slots.push(Some(entry)),
        }
    }

    /// Takes a machine out.
    pub fn remove(&mut self, serial: &str) -> Option<Arc<MachineEntry>> {
        let slot = self.by_serial.remove(serial)?;
        let entry = self.slots.get_mut(slot as usize)?.take()?;
        for term in terms(&entry.machine) {
            self.postings.remove(&term, slot);
        }
        self.by_retire.remove(&(retire_second(&entry.machine), slot));
        self.free.push(slot);
        Some(entry)
    }

    fn entry(&self, slot: u32) -> Option<&Arc<MachineEntry>> {
        self.slots.get(slot as usize)?.as_ref()
    }
}

fn retire_second(machine: &Machine) -> i64 {
    machine.spec.retire_date.instant().as_second()
}

/// Everything by which a machine is found.
fn terms(machine: &Machine) -> Vec<Term> {
    let spec = &machine.spec;
    let mut terms = vec![
        Term::new(Facet::Rack, spec.rack.to_string()),
        Term::new(Facet::Role, spec.role.as_str()),
        Term::new(Facet::State, machine.status.state.as_str()),
        Term::new(Facet::BmcType, spec.bmc.bmc_type.as_str()),
    ];
    terms.extend(spec.labels.iter().flatten().map(|(n, v)| label_term(n, v)));
    let with_bmc = |list: &Option<Vec<String>>, bmc: &str| {
        let bmc = Some(bmc.to_owned()).filter(|a| !a.is_empty());
        list.iter().flatten().cloned().chain(bmc).collect::<Vec<_>>()
    };
    terms.extend(
        with_bmc(&spec.ipv4, &spec.bmc.ipv4)
            .into_iter()
            .map(|a| Term::new(Facet::Ipv4, a)),
    );
    terms.extend(
        with_bmc(&spec.ipv6, &spec.bmc.ipv6)
            .into_iter()
            .map(|a| Term::new(Facet::Ipv6, a)),
    );
    terms
}

fn label_term(name: &str, value: &str) -> Term {
    Term::new(Facet::Label, format!("{name}={value}"))
}

#[cfg(test)]
mod tests;
