//! Machines of registrations that are not finished: stored, but not to be seen.
//!
//! A chunk of such a registration is one transaction that writes its machines and a key of its own. So a machine belongs to
//! a chunk exactly when both came into being at the same revision, whatever happened to the machine since.

use crate::MachineEntry;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

type Machines = BTreeMap<Box<str>, Arc<MachineEntry>>;

#[derive(Debug, Default)]
pub(crate) struct Hidden {
    /// By the revision that created the chunk.
    chunks: HashMap<i64, (String, Machines)>,
}

impl Hidden {
    /// From now on machines created at `revision` are hidden.
    pub(super) fn begin(&mut self, key: String, revision: i64) {
        self.chunks.entry(revision).or_insert_with(|| (key, Machines::new()));
    }

    /// The place for machines created at `revision`, when they are to be hidden.
    pub(super) fn of(&mut self, revision: i64) -> Option<&mut Machines> {
        self.chunks.get_mut(&revision).map(|(_, machines)| machines)
    }

    /// The chunk's key is gone: what is still in it becomes visible.
    pub(super) fn reveal(&mut self, key: &str) -> impl Iterator<Item = Arc<MachineEntry>> + use<> {
        let revision = self
            .chunks
            .iter()
            .find(|(_, (k, _))| k == key)
            .map(|(revision, _)| *revision);
        let machines = revision
            .and_then(|r| self.chunks.remove(&r))
            .map(|(_, machines)| machines);
        machines.unwrap_or_default().into_values()
    }

    pub(super) fn remove(&mut self, serial: &str) {
        for (_, machines) in self.chunks.values_mut() {
            machines.remove(serial);
        }
    }

    /// True when the machine is stored but belongs to an unfinished registration.
    pub(crate) fn contains(&self, serial: &str) -> bool {
        self.chunks.values().any(|(_, machines)| machines.contains_key(serial))
    }
}
