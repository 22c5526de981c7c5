//! One range in memory: what etcd says of it, what is on offer, and what rests.
//!
//! A lease costs O(1) here: a slot per address, a bitmap of the busy ones, and a heap of the moments at which a slot may
//! become free. Nothing scans the clients. All of it is plain data; `now` is an argument.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};

use jiff::{SignedDuration, Timestamp};

use crate::facts::{Facts, Held, Wanted};
use crate::layout::Range;
use crate::mac::Mac;
use crate::stored::{self, Entry, StoredError};

mod change;
mod slots;
#[cfg(test)]
mod tests;

pub use change::{Change, Conflict, Undo};
use slots::Slots;

/// An address that was given back before its lease's end. Until every server has seen that, a server that is cut off
/// from etcd may still acknowledge it to its old client: so it rests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rest {
    /// Who gave it back; that client may have it again at once.
    pub mac: Mac,
    /// When the rest ends whatever happens.
    pub until: Timestamp,
    /// The etcd revision that every server must have seen for an earlier end.
    pub revision: i64,
}

/// How to share a range with other servers' offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// This server's place among the live ones.
    pub rank: u32,
    /// How many are live, at least one.
    pub of: u32,
}

impl Share {
    /// Nobody else is there.
    pub const ALONE: Share = Share { rank: 0, of: 1 };
}

/// What is known of a range.
#[derive(Debug)]
pub struct RangeState {
    range: Range,
    entries: BTreeMap<Box<str>, Entry>,
    slots: Slots,
    offers: HashMap<Mac, (u32, Timestamp)>,
    rests: HashMap<u32, Rest>,
    /// Moments at which the slot of an index is to be looked at again.
    expiries: BinaryHeap<Reverse<(Timestamp, u32)>>,
    /// How long an expired lease rests before another client may have it: above the clocks' skew.
    grace: SignedDuration,
    /// The stored value had two clients at one index.
    doubled: bool,
}

/// How long an offer is kept for its client. UEFI firmware takes four seconds to answer one.
pub const OFFER_HOLD: SignedDuration = SignedDuration::from_secs(60);
/// When nothing else is free, an offer this old that nobody took goes to the next client: a flood of DISCOVERs
/// cannot lock a range.
pub const OFFER_SHORTEST: SignedDuration = SignedDuration::from_secs(10);

impl RangeState {
    /// A range that nobody has used.
    #[must_use]
    pub fn new(range: Range, grace: SignedDuration) -> RangeState {
        RangeState {
            range,
            entries: BTreeMap::new(),
            slots: Slots::new(range.count),
            offers: HashMap::new(),
            rests: HashMap::new(),
            expiries: BinaryHeap::new(),
            grace,
            doubled: false,
        }
    }

    /// The range this is about.
    #[must_use]
    pub fn range(&self) -> Range {
        self.range
    }

    /// How many clients have an entry, expired ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether no client has an entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Changes the time that an expired lease rests; a longer one counts at once.
    pub fn set_grace(&mut self, grace: SignedDuration) {
        self.grace = grace;
    }

    /// Replaces what etcd said by what it says now; offers stay.
    ///
    /// # Errors
    /// [`StoredError`] when the value is no map of leases; nothing is changed then.
    pub fn load(&mut self, value: &[u8]) -> Result<(), StoredError> {
        let entries = stored::parse(value)?;
        self.slots.clear_leases();
        self.doubled = false;
        for entry in entries.values() {
            self.doubled |= self.slots.get(entry.index).is_some_and(|slot| slot.lease.is_some());
            self.slots.lease(entry.index, Some(entry.until));
        }
        self.entries = entries;
        self.rebuild_expiries();
        Ok(())
    }

    /// The value to store.
    #[must_use]
    pub fn render(&self) -> String {
        stored::render(&self.entries)
    }

    /// A client's entry as stored.
    #[must_use]
    pub fn held_by(&self, mac: &Mac) -> Option<Held> {
        let entry = self.entries.get(mac.to_string().as_str())?;
        Some(Held {
            index: entry.index,
            until: entry.until,
        })
    }

    /// Puts an address on offer to a client, in memory. Its older offer ends.
    pub fn hold(&mut self, mac: Mac, index: u32, now: Timestamp) {
        self.withdraw(&mac);
        let until = now.saturating_add_(OFFER_HOLD);
        if let Some((other, _)) = self.slots.offer(index, Some((mac, until))) {
            self.offers.remove(&other);
        }
        self.offers.insert(mac, (index, until));
        self.watch(until, index);
    }

    /// Takes an offer back: the client chose another server, or has its lease.
    pub fn withdraw(&mut self, mac: &Mac) {
        if let Some((index, _)) = self.offers.remove(mac) {
            self.slots.offer(index, None);
        }
    }

    /// Notes that somebody answered at an address that is free: it is not offered until then.
    pub fn avoid(&mut self, index: u32, until: Timestamp) {
        self.slots.avoid(index, Some(until));
        self.watch(until, index);
    }

    /// Notes that an address rests, or (`None`) no longer.
    pub fn rest(&mut self, index: u32, rest: Option<Rest>) {
        match rest {
            Some(rest) => {
                self.slots.rest(index, true);
                self.watch(rest.until, index);
                self.rests.insert(index, rest);
            }
            None => {
                self.slots.rest(index, false);
                self.rests.remove(&index);
            }
        }
    }

    /// Whether a rest is recorded for the address: its record goes when the address is leased again.
    #[must_use]
    pub fn is_resting(&self, index: u32) -> bool {
        self.rests.contains_key(&index)
    }

    /// Up to `limit` free addresses that would be offered next, for probes ahead of need.
    pub fn next_free(&mut self, share: Share, now: Timestamp, limit: usize) -> Vec<u32> {
        self.expire(now);
        self.slots.free(share, limit)
    }

    /// What a decision about this client needs to know.
    pub fn facts(&mut self, mac: &Mac, wanted: Option<std::net::Ipv4Addr>, share: Share, now: Timestamp) -> Facts {
        self.expire(now);
        let mine = self.mine(mac, now);
        // What was offered or given back may have become another's by a write of another server.
        let offered = self
            .offers
            .get(mac)
            .map(|(index, _)| *index)
            .filter(|index| !self.is_anothers(mac, *index, now));
        let previous = self
            .rests
            .iter()
            .find(|(_, rest)| rest.mac == *mac)
            .map(|(index, _)| *index)
            .filter(|index| !self.is_anothers(mac, *index, now));
        let wanted = self.wanted(mac, wanted, now);
        let next = previous
            .or_else(|| self.slots.free(share, 1).first().copied())
            .or_else(|| self.oldest_offer(now));
        Facts {
            range: self.range,
            mine,
            offered,
            wanted,
            next,
        }
    }

    /// Whether another client's lease stands at an index.
    fn is_anothers(&self, mac: &Mac, index: u32, now: Timestamp) -> bool {
        let lease = self.slots.get(index).and_then(|slot| slot.lease);
        let leased = lease.is_some_and(|until| until.saturating_add_(self.grace) >= now);
        leased && self.held_by(mac).is_none_or(|held| held.index != index)
    }

    /// The client's entry, unless it expired and the address is on its way to somebody else.
    fn mine(&self, mac: &Mac, now: Timestamp) -> Option<Held> {
        let entry = self.entries.get(mac.to_string().as_str())?;
        let slot = self.slots.get(entry.index)?;
        let lost = slot.offer.is_some_and(|(other, until)| other != *mac && until >= now) || slot.avoid.is_some();
        let expired = entry.until < now;
        (!expired || !lost).then_some(Held {
            index: entry.index,
            until: entry.until,
        })
    }

    fn wanted(&self, mac: &Mac, address: Option<std::net::Ipv4Addr>, now: Timestamp) -> Wanted {
        let Some(address) = address else { return Wanted::Nothing };
        let Some(index) = self.range.index(address) else {
            return Wanted::Elsewhere;
        };
        let Some(slot) = self.slots.get(index) else {
            return Wanted::Elsewhere;
        };
        let leased = slot.lease.is_some_and(|until| until.saturating_add_(self.grace) >= now);
        let mine = self
            .entries
            .get(mac.to_string().as_str())
            .is_some_and(|entry| entry.index == index);
        let offered = slot.offer.is_some_and(|(other, until)| other != *mac && until >= now);
        let resting = self.rests.get(&index).is_some_and(|rest| rest.mac != *mac);
        if (leased && !mine) || offered || resting || slot.avoid.is_some() {
            Wanted::Taken(index)
        } else {
            Wanted::Free(index)
        }
    }

    /// The offer that nobody took for the longest time, if it is old enough to be given away.
    fn oldest_offer(&self, now: Timestamp) -> Option<u32> {
        let spare = OFFER_HOLD.checked_sub(OFFER_SHORTEST)?;
        let leased = |index: u32| {
            let lease = self.slots.get(index).and_then(|slot| slot.lease);
            lease.is_some_and(|until| until.saturating_add_(self.grace) >= now)
        };
        let open = self.offers.values().filter(|(index, _)| !leased(*index));
        let (index, until) = open.min_by_key(|(_, until)| *until)?;
        (*until < now.saturating_add_(spare)).then_some(*index)
    }

    fn watch(&mut self, at: Timestamp, index: u32) {
        // Each renewal leaves a stale moment behind; a client that renews a lot must not grow the heap.
        let limit = usize::try_from(self.range.count)
            .unwrap_or(usize::MAX)
            .saturating_mul(4)
            .saturating_add(64);
        if self.expiries.len() >= limit {
            self.rebuild_expiries();
        }
        self.expiries.push(Reverse((at, index)));
    }

    fn rebuild_expiries(&mut self) {
        let leases = self
            .entries
            .values()
            .map(|entry| Reverse((entry.until.saturating_add_(self.grace), entry.index)));
        let offers = self.offers.values().map(|(index, until)| Reverse((*until, *index)));
        let rests = self.rests.iter().map(|(index, rest)| Reverse((rest.until, *index)));
        let avoided = self.slots.avoided().map(|(index, until)| Reverse((until, index)));
        self.expiries = leases.chain(offers).chain(rests).chain(avoided).collect();
    }

    /// Looks again at every slot whose moment has come.
    fn expire(&mut self, now: Timestamp) {
        while let Some(Reverse((at, index))) = self.expiries.peek().copied() {
            if at >= now {
                return;
            }
            self.expiries.pop();
            let Some(slot) = self.slots.get(index) else { continue };
            if let Some((mac, until)) = slot.offer
                && until < now
            {
                self.offers.remove(&mac);
                self.slots.offer(index, None);
            }
            if slot.avoid.is_some_and(|until| until < now) {
                self.slots.avoid(index, None);
            }
            // The client's entry stays, so that it finds its address again if nobody needed it.
            let grace = self.grace;
            if slot.lease.is_some_and(|until| until.saturating_add_(grace) < now) {
                self.slots.lease(index, None);
            }
            if self
                .rests
                .get(&index)
                .is_some_and(|rest| rest.until.saturating_add_(grace) < now)
            {
                self.rest(index, None);
            }
        }
    }
}

/// Time arithmetic that stops at the end of time; a stored value can say the year 9999.
pub(crate) trait Saturating {
    fn saturating_add_(self, duration: SignedDuration) -> Self;
}

impl Saturating for Timestamp {
    fn saturating_add_(self, duration: SignedDuration) -> Timestamp {
        self.checked_add(duration).unwrap_or(if duration.is_negative() {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        })
    }
}
