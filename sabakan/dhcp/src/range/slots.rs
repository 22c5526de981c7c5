//! A slot for each address, and a bitmap of the busy ones.

use jiff::Timestamp;

use super::Share;
use crate::mac::Mac;

/// What keeps one address from being offered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Slot {
    /// A lease in etcd, its latest end.
    pub(super) lease: Option<Timestamp>,
    /// An offer of ours.
    pub(super) offer: Option<(Mac, Timestamp)>,
    /// Somebody without a lease answers there.
    pub(super) avoid: Option<Timestamp>,
    /// Given back, but not yet known to be so by all servers.
    pub(super) rest: bool,
}

impl Slot {
    fn is_busy(&self) -> bool {
        self.lease.is_some() || self.offer.is_some() || self.avoid.is_some() || self.rest
    }
}

/// All slots of a range.
#[derive(Debug)]
pub(super) struct Slots {
    slots: Vec<Slot>,
    /// One bit an address, set when busy.
    busy: Vec<u64>,
}

/// A block of 2^16 addresses holds any rack; a larger one is cut here, so that a wrong configuration costs no memory.
const MOST: u32 = 1 << 16;

impl Slots {
    pub(super) fn new(count: u32) -> Slots {
        let count = usize::try_from(count.min(MOST)).unwrap_or(0);
        Slots {
            slots: vec![Slot::default(); count],
            busy: vec![0; count.div_ceil(64)],
        }
    }

    pub(super) fn get(&self, index: u32) -> Option<Slot> {
        self.slots.get(usize::try_from(index).ok()?).copied()
    }

    /// Two clients may stand at one index in a value that another program wrote: the later end counts.
    pub(super) fn lease(&mut self, index: u32, until: Option<Timestamp>) {
        self.update(index, |slot| {
            slot.lease = until.map(|until| slot.lease.map_or(until, |old| old.max(until)))
        });
    }

    pub(super) fn clear_leases(&mut self) {
        for index in 0..u32::try_from(self.slots.len()).unwrap_or(0) {
            self.lease(index, None);
        }
    }

    /// Sets the offer, and returns the one that was there.
    pub(super) fn offer(&mut self, index: u32, offer: Option<(Mac, Timestamp)>) -> Option<(Mac, Timestamp)> {
        let old = self.get(index)?.offer;
        self.update(index, |slot| slot.offer = offer);
        old
    }

    pub(super) fn avoid(&mut self, index: u32, until: Option<Timestamp>) {
        self.update(index, |slot| slot.avoid = until);
    }

    pub(super) fn rest(&mut self, index: u32, rest: bool) {
        self.update(index, |slot| slot.rest = rest);
    }

    /// Addresses that somebody without a lease uses.
    pub(super) fn avoided(&self) -> impl Iterator<Item = (u32, Timestamp)> {
        (0_u32..)
            .zip(&self.slots)
            .filter_map(|(index, slot)| slot.avoid.map(|until| (index, until)))
    }

    /// The first free addresses of this server's share; when that is used up, of anybody's.
    pub(super) fn free(&self, share: Share, limit: usize) -> Vec<u32> {
        let of = share.of.max(1);
        let mut found: Vec<u32> = self
            .zeros()
            .filter(|index| index % of == share.rank % of)
            .take(limit)
            .collect();
        if found.len() < limit && of > 1 {
            found.extend(
                self.zeros()
                    .filter(|index| index % of != share.rank % of)
                    .take(limit - found.len()),
            );
        }
        found
    }

    fn zeros(&self) -> impl Iterator<Item = u32> {
        let count = u32::try_from(self.slots.len()).unwrap_or(u32::MAX);
        (0_u32..)
            .step_by(64)
            .zip(&self.busy)
            .filter(|(_, word)| **word != u64::MAX)
            .flat_map(|(start, word)| {
                (0..64)
                    .filter(move |bit| word & (1 << bit) == 0)
                    .map(move |bit| start + bit)
            })
            .filter(move |index| *index < count)
    }

    fn update(&mut self, index: u32, change: impl FnOnce(&mut Slot)) {
        let Ok(at) = usize::try_from(index) else { return };
        let Some(slot) = self.slots.get_mut(at) else { return };
        change(slot);
        let busy = slot.is_busy();
        if let Some(word) = self.busy.get_mut(at / 64) {
            let bit = 1_u64 << (at % 64);
            if busy {
                *word |= bit;
            } else {
                *word &= !bit;
            }
        }
    }
}
