//! Changes to a range's map, and how to take them back when etcd refused them.

use std::cmp::Reverse;

use jiff::Timestamp;

use super::{RangeState, Saturating};
use crate::mac::Mac;
use crate::stored::Entry;

/// A change to a range's map in etcd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The client has the address until then.
    Lease {
        /// The client.
        mac: Mac,
        /// The address's index.
        index: u32,
        /// The stored end: what the client was promised, and the grace.
        until: Timestamp,
    },
    /// The client gives its address back.
    Release {
        /// The client.
        mac: Mac,
        /// The address's index.
        index: u32,
    },
    /// The client found its address in use: it is parked until then.
    Decline {
        /// The client.
        mac: Mac,
        /// The address's index.
        index: u32,
        /// The end of the parking.
        until: Timestamp,
    },
}

impl Change {
    /// The client that the change is about.
    #[must_use]
    pub fn mac(&self) -> Mac {
        match self {
            Change::Lease { mac, .. } | Change::Release { mac, .. } | Change::Decline { mac, .. } => *mac,
        }
    }

    /// The address that the change is about.
    #[must_use]
    pub fn index(&self) -> u32 {
        match self {
            Change::Lease { index, .. } | Change::Release { index, .. } | Change::Decline { index, .. } => *index,
        }
    }
}

/// The map does not allow the change any more: the decision has to be made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conflict;

/// What a change replaced, newest last.
#[derive(Debug, Default)]
pub struct Undo(Vec<(Box<str>, Option<Entry>)>);

impl RangeState {
    /// Applies a change in memory.
    ///
    /// # Errors
    /// [`Conflict`] when the address belongs to another client now, or no longer to this one; nothing is changed then.
    pub fn apply(&mut self, change: &Change, now: Timestamp, undo: &mut Undo) -> Result<(), Conflict> {
        match change {
            Change::Lease { mac, index, until } => self.apply_lease(mac, *index, *until, now, undo),
            Change::Release { mac, index } => {
                self.holding(mac, *index)?;
                self.set(mac.to_string().into(), None, undo);
                Ok(())
            }
            Change::Decline { mac, index, until } => {
                self.holding(mac, *index)?;
                self.set(mac.to_string().into(), None, undo);
                self.set(
                    Mac::parked(*index).to_string().into(),
                    Some(Entry::new(*index, *until)),
                    undo,
                );
                Ok(())
            }
        }
    }

    /// Takes changes back, the newest first.
    pub fn revert(&mut self, undo: Undo) {
        for (client, entry) in undo.0.into_iter().rev() {
            self.set(client, entry, &mut Undo::default());
        }
    }

    fn apply_lease(
        &mut self,
        mac: &Mac,
        index: u32,
        until: Timestamp,
        now: Timestamp,
        undo: &mut Undo,
    ) -> Result<(), Conflict> {
        let client: Box<str> = mac.to_string().into();
        let slot = self.slots.get(index).ok_or(Conflict)?;
        let mine = self.entries.get(&client).is_some_and(|entry| entry.index == index);
        if slot.lease.is_some() && !mine {
            let grace = self.grace;
            if slot.lease.is_some_and(|until| until.saturating_add_(grace) >= now) {
                return Err(Conflict);
            }
        }
        if self.rests.get(&index).is_some_and(|rest| rest.mac != *mac) {
            return Err(Conflict);
        }
        if !mine {
            self.evict(index, &client, now, undo)?;
        }
        self.set(client, Some(Entry::new(index, until)), undo);
        Ok(())
    }

    /// Removes the expired entries that stand at an index. Entries of a range are few, and this runs only when an
    /// address goes to a new client.
    fn evict(&mut self, index: u32, but: &str, now: Timestamp, undo: &mut Undo) -> Result<(), Conflict> {
        let grace = self.grace;
        let at_index = self
            .entries
            .iter()
            .filter(|(client, entry)| entry.index == index && &***client != but);
        let (clients, ends): (Vec<Box<str>>, Vec<Timestamp>) =
            at_index.map(|(client, entry)| (client.clone(), entry.until)).unzip();
        if ends.iter().any(|until| until.saturating_add_(grace) >= now) {
            return Err(Conflict);
        }
        for client in clients {
            self.set(client, None, undo);
        }
        Ok(())
    }

    fn holding(&self, mac: &Mac, index: u32) -> Result<(), Conflict> {
        let entry = self.entries.get(mac.to_string().as_str()).ok_or(Conflict)?;
        if entry.index == index { Ok(()) } else { Err(Conflict) }
    }

    /// Replaces one client's entry, and keeps slots and moments in step.
    fn set(&mut self, client: Box<str>, entry: Option<Entry>, undo: &mut Undo) {
        let old = match &entry {
            Some(entry) => self.entries.insert(client.clone(), entry.clone()),
            None => self.entries.remove(&client),
        };
        if let Some(old) = &old {
            self.slots.lease(old.index, None);
            self.restore_double(old.index);
        }
        if let Some(entry) = entry {
            self.slots.lease(entry.index, Some(entry.until));
            self.watch(entry.until.saturating_add_(self.grace), entry.index);
        }
        undo.0.push((client, old));
    }

    /// Only a foreign value can have two clients at one index; `doubled` is set when such a value is loaded.
    fn restore_double(&mut self, index: u32) {
        if !self.doubled {
            return;
        }
        let until = self
            .entries
            .values()
            .filter(|entry| entry.index == index)
            .map(|entry| entry.until)
            .max();
        if let Some(until) = until {
            self.slots.lease(index, Some(until));
            self.expiries.push(Reverse((until.saturating_add_(self.grace), index)));
        }
    }
}
