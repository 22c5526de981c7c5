//! All ranges of this process, and their way to and from etcd.
//!
//! Everything is under one short lock that is never held across an await. Changes to ranges are committed in groups
//! ([`commit`]); what others write comes in by two watches ([`sync`]); who else is there, and how far each server has
//! read, is kept by heartbeats ([`servers`]).

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use neco_etcd::Etcd;
use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};

use crate::facts::Facts;
use crate::layout::Range;
use crate::mac::Mac;
use crate::metrics::Metrics;
use crate::range::{Change, RangeState, Rest, Share};

mod commit;
mod keys;
mod servers;
mod sync;

pub use servers::{Identity, Peers};
use sync::Arrival;

/// An expired lease rests this long at least before another client may have the address. It has to be above the skew of
/// the servers' clocks; where a larger skew is measured, it grows.
pub const LEAST_GRACE: SignedDuration = SignedDuration::from_secs(10);

/// Why a change was not committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The range changed: decide again.
    Moved,
    /// etcd did not answer, or not in time.
    Away,
}

/// What a range's value holds that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Broken;

struct Pending {
    change: Change,
    done: oneshot::Sender<Result<(), Refused>>,
}

/// A range with its place in etcd.
struct Cell {
    state: RangeState,
    /// The key's mod revision, for compare-and-swap; 0 when it does not exist.
    revision: i64,
    /// etcd's revision as of which the state is known.
    as_of: i64,
    /// The value does not parse: the range is left alone.
    broken: bool,
    /// That has been counted.
    told: bool,
    pending: Vec<Pending>,
    in_flight: bool,
    queued: bool,
    /// What a watch or read brought while a commit was in flight.
    arrived: Option<Arrival>,
    /// Clients that gave their address back in a commit that may or may not have happened: not to be answered from
    /// memory.
    given_back: HashSet<Mac>,
    /// Somebody asked for an address here since the last look for conflicts.
    active: bool,
}

/// An address that was acknowledged from memory while etcd was away.
struct Promise {
    range: Range,
    mac: Mac,
    index: u32,
    until: Timestamp,
}

#[derive(Default)]
struct Inner {
    cells: HashMap<Ipv4Addr, Cell>,
    /// Ranges with pending changes and none in flight.
    queue: VecDeque<Ipv4Addr>,
    commits_in_flight: usize,
    promises: Vec<Promise>,
    peers: Peers,
    /// Revisions of transactions by servers of our kind.
    ours: BTreeSet<i64>,
    /// Ranges that another program writes, and until when they count as such.
    foreign: HashMap<Ipv4Addr, Instant>,
    /// Rests by the first address of their range: they may be known before the range is.
    rests: HashMap<(Ipv4Addr, u32), Rest>,
    /// Rests that are over, whose keys are to be deleted: with the revision that wrote them.
    ended: HashMap<(Ipv4Addr, u32), i64>,
    /// Values of ranges that no client has asked for yet: they are parsed when one does.
    early: HashMap<Ipv4Addr, Arrival>,
    /// What a stored lease outlives its promise, and rests after its end.
    grace: SignedDuration,
}

/// The leases of all ranges.
#[derive(Clone)]
pub struct Store(Arc<Shared>);

struct Shared {
    etcd: Etcd,
    identity: Identity,
    metrics: Metrics,
    least_grace: SignedDuration,
    inner: Mutex<Inner>,
    /// Changes are pending.
    work: Notify,
    /// A commit has ended.
    ended: Notify,
    away: AtomicBool,
    /// The longest lease time that was configured since the start, in seconds.
    longest_lease: AtomicI64,
    /// How far the two watches have been followed.
    seen: AtomicI64,
}

impl Store {
    /// A store that knows nothing yet; [`Store::run`] fills it.
    #[must_use]
    pub fn new(etcd: Etcd, identity: Identity, metrics: Metrics, least_grace: SignedDuration) -> Store {
        Store(Arc::new(Shared {
            etcd,
            identity,
            metrics,
            inner: Mutex::new(Inner {
                grace: least_grace,
                ..Inner::default()
            }),
            least_grace,
            work: Notify::new(),
            ended: Notify::new(),
            away: AtomicBool::new(false),
            longest_lease: AtomicI64::new(0),
            seen: AtomicI64::new(0),
        }))
    }

    /// Whether etcd cannot be reached.
    #[must_use]
    pub fn is_away(&self) -> bool {
        self.0.away.load(Ordering::Relaxed)
    }

    fn set_away(&self, away: bool) {
        if self.0.away.swap(away, Ordering::Relaxed) != away {
            self.0.metrics.set_away(away);
            if away {
                tracing::error!(
                    op = "dhcp",
                    "etcd is away: known clients keep their addresses, new ones get none"
                );
            } else {
                tracing::warn!(op = "dhcp", "etcd is back");
            }
        }
    }

    /// Tells the store what lease time is configured.
    pub(crate) fn note_lease(&self, seconds: u32) {
        self.0.longest_lease.fetch_max(i64::from(seconds), Ordering::Relaxed);
    }

    /// Runs until dropped: commits, follows etcd, and tells the others that this server lives.
    ///
    /// # Errors
    /// etcd's, when the ranges cannot be read at the start.
    pub(crate) async fn start(&self) -> Result<impl Future<Output = ()> + use<>, neco_etcd::Error> {
        let loaded = async {
            self.register().await?;
            self.load().await
        };
        // Whatever the reason, nothing is known of the leases.
        let followed = loaded.await.inspect_err(|_| self.set_away(true))?;
        self.set_away(false);
        let store = self.clone();
        Ok(async move {
            tokio::join!(
                store.commit_forever(),
                store.follow_forever(followed),
                store.beat_forever()
            );
        })
    }

    /// How long a stored lease outlives its promise, and rests after its end.
    #[must_use]
    pub fn grace(&self) -> SignedDuration {
        self.0.inner.lock().grace
    }

    /// The other servers of our kind, and this one.
    #[must_use]
    pub fn peers(&self) -> Peers {
        self.0.inner.lock().peers.clone()
    }

    /// What is known of a client in a range.
    pub(crate) fn facts(
        &self,
        range: Range,
        mac: &Mac,
        wanted: Option<Ipv4Addr>,
        now: Timestamp,
    ) -> Result<(Facts, bool), Broken> {
        let mut inner = self.0.inner.lock();
        let share = inner.peers.share();
        let foreign = inner.is_foreign(range);
        let cell = inner.cell(range);
        if cell.broken {
            self.0.metrics.broken(!std::mem::replace(&mut cell.told, true));
            return Err(Broken);
        }
        cell.active = true;
        let mut facts = cell.state.facts(mac, wanted, share, now);
        // A commit in flight has been applied in memory, but may fail: nothing is promised on its ground.
        if self.is_away() && (cell.in_flight || cell.given_back.contains(mac)) {
            facts.mine = None;
        }
        Ok((facts, foreign))
    }

    /// Whether another kind of program writes the range.
    pub(crate) fn is_foreign(&self, range: Range) -> bool {
        self.0.inner.lock().is_foreign(range)
    }

    /// Tells the heartbeat which addresses this server has.
    pub(crate) fn set_addresses(&self, addresses: &[Ipv4Addr]) {
        addresses.clone_into(&mut self.0.identity.addresses.write());
    }

    /// Keeps an address on offer.
    pub(crate) fn hold(&self, range: Range, mac: Mac, index: u32, now: Timestamp) {
        self.0.inner.lock().cell(range).state.hold(mac, index, now);
    }

    /// Takes an offer back.
    pub(crate) fn withdraw(&self, range: Range, mac: &Mac) {
        self.0.inner.lock().cell(range).state.withdraw(mac);
    }

    /// The client gave its address back and etcd could not be told: it is not answered from memory any more.
    pub(crate) fn distrust(&self, range: Range, mac: Mac) {
        let mut inner = self.0.inner.lock();
        inner.promises.retain(|promise| promise.mac != mac);
        inner.cell(range).given_back.insert(mac);
    }

    /// Notes what was promised without etcd: it is written once etcd is back, and until then this server tells the
    /// others of no release.
    pub(crate) fn promise(&self, range: Range, mac: Mac, index: u32, until: Timestamp) {
        let mut inner = self.0.inner.lock();
        inner.promises.retain(|promise| promise.mac != mac);
        inner.promises.push(Promise {
            range,
            mac,
            index,
            until,
        });
    }

    /// Makes a change durable. Many are committed together.
    pub(crate) async fn commit(&self, range: Range, change: Change) -> Result<(), Refused> {
        let (done, answer) = oneshot::channel();
        {
            let mut inner = self.0.inner.lock();
            inner.cell(range).pending.push(Pending { change, done });
            inner.enqueue(range.first);
        }
        self.0.work.notify_one();
        answer.await.unwrap_or(Err(Refused::Away))
    }

    /// Addresses that would be offered next in ranges where clients asked lately, for probes.
    pub(crate) fn probe_candidates(&self, each: usize, now: Timestamp) -> Vec<(Range, u32)> {
        let mut inner = self.0.inner.lock();
        let share = inner.peers.share();
        let mut found = Vec::new();
        for cell in inner.cells.values_mut() {
            if !std::mem::take(&mut cell.active) {
                continue;
            }
            let range = cell.state.range();
            found.extend(
                cell.state
                    .next_free(share, now, each)
                    .into_iter()
                    .map(|index| (range, index)),
            );
        }
        found
    }

    /// Somebody without a lease answers at an address.
    pub(crate) fn avoid(&self, range: Range, index: u32, until: Timestamp) {
        self.0.inner.lock().cell(range).state.avoid(index, until);
    }

    /// Ranges and entries in memory.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        let inner = self.0.inner.lock();
        (
            inner.cells.len(),
            inner.cells.values().map(|cell| cell.state.len()).sum(),
        )
    }
}

impl Inner {
    /// The range, known or new. Ranges come from the configuration's pool alone, so their number is bounded by it.
    fn cell(&mut self, range: Range) -> &mut Cell {
        let grace = self.grace;
        let (rests, early) = (&self.rests, &mut self.early);
        let cell = self.cells.entry(range.first).or_insert_with(|| {
            let mut cell = Cell::new(range, grace);
            for ((first, index), rest) in rests {
                if *first == range.first {
                    cell.state.rest(*index, Some(rest.clone()));
                }
            }
            if let Some(arrival) = early.remove(&range.first) {
                cell.take(arrival);
            }
            cell
        });
        if cell.state.range() != range && !cell.in_flight {
            cell.resize(range, grace);
        }
        cell
    }

    fn all_graces(&mut self, grace: SignedDuration) {
        self.grace = grace;
        self.cells.values_mut().for_each(|cell| cell.state.set_grace(grace));
    }

    fn is_foreign(&self, range: Range) -> bool {
        self.foreign
            .get(&range.first)
            .is_some_and(|until| *until > Instant::now())
    }

    fn enqueue(&mut self, first: Ipv4Addr) {
        if let Some(cell) = self.cells.get_mut(&first)
            && !cell.in_flight
            && !cell.queued
            && !cell.pending.is_empty()
        {
            cell.queued = true;
            self.queue.push_back(first);
        }
    }
}

impl Cell {
    fn new(range: Range, grace: SignedDuration) -> Cell {
        Cell {
            state: RangeState::new(range, grace),
            revision: 0,
            as_of: 0,
            broken: false,
            told: false,
            pending: Vec::new(),
            in_flight: false,
            queued: false,
            arrived: None,
            given_back: HashSet::new(),
            active: false,
        }
    }

    /// The configuration changed the size of the range: what is stored stays.
    fn resize(&mut self, range: Range, grace: SignedDuration) {
        let stored = self.state.render();
        self.state = RangeState::new(range, grace);
        self.broken |= self.state.load(stored.as_bytes()).is_err();
    }
}

/// A tick for everything that is done once in a while.
pub(crate) fn ticker(every: Duration) -> tokio::time::Interval {
    let mut ticker = tokio::time::interval(every);
    ticker.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    ticker
}

impl Peers {
    /// This server's share of each range's offers.
    #[must_use]
    pub fn share(&self) -> Share {
        Share {
            rank: self.rank,
            of: self.live.max(1),
        }
    }
}
