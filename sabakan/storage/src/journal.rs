//! Registering more machines than one transaction holds, all or none.
//!
//! A registration is a journal in etcd: a header with its phase, parts with the machines as they will be stored, a claim for
//! each group of racks, a chunk for each part that was written. Every step is a transaction guarded by the header's revision,
//! and leaves a key that says it was done. So any server can go on where another stopped, several may work on one journal
//! at once, and none can write after another has turned it back.
//!
//! The commit point is the transaction that deletes the journal: at its revision all machines become visible (see
//! [`crate::world`]). A conflict can only be found before it, and turns the journal back. See
//! `docs/adr/0005-registration-journal.md`.

mod decide;
mod drive;
mod finish;
mod layout;
pub(crate) mod open;
mod step;
mod undo;

pub use layout::Step;
pub(crate) use layout::{Header, Part, part_of};

use std::collections::BTreeMap;

/// Unfinished registrations as this server knows them.
#[derive(Debug, Default)]
pub(crate) struct Headers {
    open: BTreeMap<String, u64>,
}

impl Headers {
    pub(crate) fn put(&mut self, id: String, header: Option<(Header, i64)>) {
        match header {
            Some((_, revision)) => {
                let activity = self.open.entry(id).or_default();
                *activity = activity.wrapping_add(revision.unsigned_abs());
            }
            None => drop(self.open.remove(&id)),
        }
    }

    /// A part of a registration was written or deleted.
    pub(crate) fn touch(&mut self, id: &str) {
        if let Some(activity) = self.open.get_mut(id) {
            *activity = activity.wrapping_add(1);
        }
    }

    /// The unfinished ones, each with a number that changes whenever something happens to it.
    pub(crate) fn activity(&self) -> BTreeMap<String, u64> {
        self.open.clone()
    }
}

#[cfg(test)]
mod tests;
