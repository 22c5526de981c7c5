//! The revisions that changes in flight on this server expect to get, each given to one of them.
//!
//! Changes that begin at the same revision would all want the same key, of which one a round trip gets it: a few hundred machines
//! that store their disk keys at once would starve each other. Apart they go through together.

use parking_lot::Mutex;
use std::collections::BTreeSet;

/// All that are given out.
#[derive(Debug, Default)]
pub(crate) struct Reservations(Mutex<BTreeSet<i64>>);

/// One of them; it is free again when this is dropped.
#[derive(Debug)]
pub(super) struct Reserved<'a> {
    all: &'a Reservations,
    /// The revision that the change may expect.
    pub(super) revision: i64,
}

impl Reservations {
    /// The first revision after `newest` that no other change of this server expects.
    pub(super) fn next_after(&self, newest: i64) -> Reserved<'_> {
        let mut taken = self.0.lock();
        let mut revision = newest + 1;
        for other in taken.range(revision..) {
            if *other != revision {
                break;
            }
            revision += 1;
        }
        taken.insert(revision);
        Reserved { all: self, revision }
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        self.all.0.lock().remove(&self.revision);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_gets_its_own_and_the_first_that_is_free() {
        let all = Reservations::default();
        let (first, second) = (all.next_after(7), all.next_after(7));
        assert_eq!((first.revision, second.revision), (8, 9));
        assert_eq!(all.next_after(8).revision, 10);
        drop(first);
        assert_eq!(all.next_after(7).revision, 8);
        assert_eq!(all.next_after(20).revision, 21);
    }
}
