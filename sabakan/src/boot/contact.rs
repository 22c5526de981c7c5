//! When a machine calls from its own address for the first time after a boot. Pure.

use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;

/// A machine that was silent for this long has booted in between, perhaps from another server.
const SILENCE: SignedDuration = SignedDuration::from_mins(60);

/// More machines than any data center has; past it the memory is begun anew.
const MOST: usize = 200_000;

/// Machines by when they called last; `None` where a first contact is awaited.
#[derive(Debug, Default)]
pub(super) struct Contacts(HashMap<String, Option<Timestamp>>);

impl Contacts {
    /// A boot of the machine is under way.
    pub(super) fn expect(&mut self, serial: &str) {
        self.make_room();
        self.0.insert(serial.to_owned(), None);
    }

    /// The machine calls: is it the first time?
    pub(super) fn is_first(&mut self, serial: &str, now: Timestamp) -> bool {
        match self.0.get_mut(serial) {
            Some(last) => {
                let first = last.is_none_or(|last| now.duration_since(last) > SILENCE);
                *last = Some(now);
                first
            }
            None => {
                self.make_room();
                self.0.insert(serial.to_owned(), Some(now));
                true
            }
        }
    }

    fn make_room(&mut self) {
        if self.0.len() >= MOST {
            self.0.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_call_after_a_boot_counts_once() {
        let mut contacts = Contacts::default();
        let at = |minute: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minute);
        contacts.expect("a");
        assert!(contacts.is_first("a", at(0)));
        assert!(!contacts.is_first("a", at(1)));
        contacts.expect("a");
        assert!(contacts.is_first("a", at(2)));
        assert!(!contacts.is_first("a", at(60)));
        assert!(contacts.is_first("a", at(121)), "silent for an hour");
    }
}
