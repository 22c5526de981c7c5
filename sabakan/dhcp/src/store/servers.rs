//! Who else serves: heartbeats under `neco/dhcp/servers/`.
//!
//! Each server writes its addresses, its clock, and the revision up to which it has read what others wrote. From that
//! come the shares of offers, the owner of a rack, the skew of clocks, and the end of rests: an address that was given
//! back goes to another client only when no registered server can still take it for the old client's.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use neco_etcd::{Error, Kv, Txn};
use parking_lot::RwLock;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use super::keys::{self, SERVERS};
use super::{Inner, Store, ticker};
use crate::range::Change;

/// Between heartbeats; and between attempts while etcd is away.
const BEAT: Duration = Duration::from_secs(5);
const BEAT_AWAY: Duration = Duration::from_secs(1);
/// A server that was not heard of for so long gets no share of the offers.
const LIVE: Duration = Duration::from_secs(20);
/// The grace stays above the largest skew by this much, and never exceeds its bound.
const GRACE_MARGIN: SignedDuration = SignedDuration::from_secs(5);
const MOST_GRACE: SignedDuration = SignedDuration::from_secs(300);
/// Keys deleted in one transaction.
const MOST_DELETES: usize = 100;

/// Who this server is to the others.
#[derive(Debug)]
pub struct Identity {
    /// Random, one a process: what a process has read dies with it.
    pub id: String,
    /// The name for people.
    pub name: String,
    /// The server's IPv4 addresses, as of late.
    pub addresses: RwLock<Vec<Ipv4Addr>>,
    /// Wakes the followers to ask how far the watches have come.
    pub(super) progress: Notify,
}

impl Identity {
    /// A new process.
    #[must_use]
    pub fn new(name: String, addresses: Vec<Ipv4Addr>) -> Identity {
        let id = format!("{:016x}", rand::random::<u64>());
        Identity {
            id,
            name,
            addresses: RwLock::new(addresses),
            progress: Notify::new(),
        }
    }
}

/// A heartbeat's value.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Beat {
    writer: u32,
    reader: u32,
    name: String,
    addresses: Vec<Ipv4Addr>,
    /// The writer's clock.
    at: Timestamp,
    /// The writer has taken in everything up to this revision.
    seen: i64,
}

/// Another server, as heard of.
#[derive(Debug, Clone)]
struct Peer {
    addresses: Vec<Ipv4Addr>,
    seen: i64,
    heard: Instant,
    /// The last differences between its clock and ours, delivery included.
    skews: [Option<SignedDuration>; 3],
}

/// The servers that are there.
#[derive(Debug, Clone, Default)]
pub struct Peers {
    registered: BTreeMap<String, Peer>,
    /// This server's place among the live ones.
    pub rank: u32,
    /// How many are live, this one included.
    pub live: u32,
}

impl Peers {
    /// Whether another live server has an address in this block of `2^bits` addresses.
    #[must_use]
    pub fn owns(&self, contains: impl Fn(Ipv4Addr) -> bool) -> bool {
        let live = self.registered.values().filter(|peer| peer.heard.elapsed() < LIVE);
        live.flat_map(|peer| &peer.addresses).any(|address| contains(*address))
    }

    pub(super) fn forget_all(&mut self) {
        self.registered.clear();
    }

    /// The revision that every other registered server has seen.
    fn seen_by_others(&self) -> i64 {
        self.registered.values().map(|peer| peer.seen).min().unwrap_or(i64::MAX)
    }

    fn count(&mut self, own: &str) {
        let live: Vec<&String> = self
            .registered
            .iter()
            .filter(|(_, peer)| peer.heard.elapsed() < LIVE)
            .map(|(id, _)| id)
            .collect();
        self.rank = u32::try_from(live.iter().filter(|id| id.as_str() < own).count()).unwrap_or(0);
        self.live = u32::try_from(live.len()).unwrap_or(0).saturating_add(1);
    }

    /// The largest skew among live servers; of each the best of its last samples, since a late delivery looks like skew.
    fn skew(&self) -> SignedDuration {
        let live = self.registered.values().filter(|peer| peer.heard.elapsed() < LIVE);
        let best = live.filter_map(|peer| peer.skews.iter().flatten().map(|skew| skew.abs()).min());
        best.max().unwrap_or(SignedDuration::ZERO)
    }
}

impl Peer {
    fn measure(&mut self, skew: SignedDuration) {
        self.skews.rotate_right(1);
        self.skews[0] = Some(skew);
    }
}

impl Store {
    /// Tells the others of this server before it reads anything.
    pub(super) async fn register(&self) -> Result<(), Error> {
        self.beat().await
    }

    /// Leaves in order: the others need not wait for this server any more.
    pub(crate) async fn deregister(&self) {
        // A promise that etcd does not know keeps the others careful until its time is over.
        if !self.0.inner.lock().promises.is_empty() {
            return;
        }
        let key = format!("{SERVERS}{}", self.0.identity.id);
        let mark = format!("{}{}", keys::COMMITS, self.0.identity.id);
        let leave = self.0.etcd.commit(Txn::new().delete(key).delete(mark));
        if let Ok(Err(error)) = tokio::time::timeout(Duration::from_secs(2), leave).await {
            tracing::warn!(
                op = "dhcp",
                error = &error as &dyn std::error::Error,
                "this server stays registered for a while"
            );
        }
    }

    pub(super) async fn beat_forever(&self) {
        let mut beats = ticker(BEAT_AWAY);
        let mut last = Instant::now();
        loop {
            beats.tick().await;
            if !self.is_away() && last.elapsed() < BEAT {
                continue;
            }
            last = Instant::now();
            self.0.identity.progress.notify_one();
            self.look_around();
            match self.beat().await {
                Ok(()) => {
                    self.set_away(false);
                    self.keep_promises().await;
                    self.delete_ended().await;
                }
                Err(error) => {
                    self.set_away(error.is_unavailable() || self.is_away());
                    tracing::warn!(
                        op = "dhcp heartbeat",
                        error = &error as &dyn std::error::Error,
                        "etcd did not take it"
                    );
                }
            }
        }
    }

    async fn beat(&self) -> Result<(), Error> {
        let identity = &self.0.identity;
        // While something is promised that etcd does not know, no release may be taken for seen.
        let promised = !self.0.inner.lock().promises.is_empty();
        let beat = Beat {
            writer: keys::VERSION,
            reader: keys::VERSION,
            name: identity.name.clone(),
            addresses: identity.addresses.read().clone(),
            at: Timestamp::now(),
            seen: if promised {
                0
            } else {
                self.0.seen.load(Ordering::Relaxed)
            },
        };
        let value = serde_json::to_vec(&beat).unwrap_or_default();
        self.0.etcd.put(&format!("{SERVERS}{}", identity.id), value).await?;
        Ok(())
    }

    /// Counts who is live, forgets who cannot have any promise out any more, and measures the clocks.
    fn look_around(&self) {
        let mut inner = self.0.inner.lock();
        inner.peers.count(&self.0.identity.id);
        let skew = inner.peers.skew();
        let margin = GRACE_MARGIN.min(self.0.least_grace);
        let grace = skew.saturating_add(margin).max(self.0.least_grace).min(MOST_GRACE);
        inner.all_graces(grace);
        let (live, skew) = (inner.peers.live, skew.as_secs_f64());
        inner.end_rests(self.0.seen.load(Ordering::Relaxed), Timestamp::now());
        drop(inner);
        self.0.metrics.servers(live, skew);
    }

    /// Takes in a heartbeat, or (`None`) a server's leaving.
    pub(super) fn heard_of(&self, inner: &mut Inner, id: &str, kv: Option<&Kv>) {
        if id == self.0.identity.id {
            return;
        }
        let beat = kv.and_then(|kv| serde_json::from_slice::<Beat>(&kv.value).ok());
        let Some(beat) = beat else {
            inner.peers.registered.remove(id);
            inner.peers.count(&self.0.identity.id);
            return;
        };
        let news = inner.peers.registered.contains_key(id);
        let peer = inner.peers.registered.entry(id.to_owned()).or_insert_with(|| Peer {
            addresses: Vec::new(),
            seen: 0,
            heard: Instant::now(),
            skews: [None; 3],
        });
        peer.addresses = beat.addresses;
        peer.seen = beat.seen;
        peer.heard = Instant::now();
        // The first beat may have been lying there for long: only later ones measure.
        if news {
            peer.measure(beat.at.duration_since(Timestamp::now()));
        }
        inner.peers.count(&self.0.identity.id);
    }

    /// Writes down what was promised while etcd was away.
    async fn keep_promises(&self) {
        let promises = std::mem::take(&mut self.0.inner.lock().promises);
        let mut broken = Vec::new();
        for promise in promises {
            let now = Timestamp::now();
            if promise.until < now {
                continue;
            }
            if self.refresh(promise.range).await.is_err() {
                broken.push(promise);
                continue;
            }
            let known = self
                .facts(promise.range, &promise.mac, None, now)
                .ok()
                .and_then(|(facts, _)| facts.mine);
            if known.is_some_and(|held| held.index == promise.index && held.until >= promise.until) {
                continue;
            }
            let change = Change::Lease {
                mac: promise.mac,
                index: promise.index,
                until: promise.until,
            };
            if self.commit(promise.range, change).await.is_err() {
                broken.push(promise);
            }
        }
        self.0.inner.lock().promises.extend(broken);
    }

    /// Deletes the keys of rests that are over, and of servers that died long ago. One server is enough for that.
    async fn delete_ended(&self) {
        let (ended, dead) = {
            let inner = self.0.inner.lock();
            if inner.peers.rank != 0 {
                return;
            }
            let ended: Vec<_> = inner
                .ended
                .iter()
                .take(MOST_DELETES)
                .map(|(at, revision)| (*at, *revision))
                .collect();
            (
                ended,
                inner
                    .peers
                    .dead(self.0.longest_lease.load(Ordering::Relaxed), MOST_GRACE),
            )
        };
        if !ended.is_empty() {
            let all = ended.iter().fold(Txn::new(), |txn, ((first, index), revision)| {
                let key = keys::rest(*first, *index);
                txn.if_mod_revision(key.clone(), *revision).delete(key)
            });
            let done = self.0.etcd.commit(all).await.is_ok_and(|outcome| outcome.succeeded);
            for ((first, index), revision) in ended {
                // One that began anew in between stands for itself; the others go without it.
                let key = keys::rest(first, index);
                let alone = Txn::new().if_mod_revision(key.clone(), revision).delete(key);
                if done || self.0.etcd.commit(alone).await.is_ok() {
                    self.0.inner.lock().ended.remove(&(first, index));
                }
            }
        }
        for id in dead {
            let txn = Txn::new()
                .delete(format!("{SERVERS}{id}"))
                .delete(format!("{}{id}", keys::COMMITS));
            if let Err(error) = self.0.etcd.commit(txn).await {
                tracing::warn!(
                    op = "dhcp",
                    server = id,
                    error = &error as &dyn std::error::Error,
                    "a dead server stays registered"
                );
            }
        }
    }
}

impl Peers {
    /// Servers whose last promise must be over: not heard of for longer than any lease.
    fn dead(&self, longest_lease: i64, grace: SignedDuration) -> Vec<String> {
        let longest =
            u64::try_from(longest_lease.saturating_add(grace.as_secs().saturating_mul(2))).unwrap_or(u64::MAX);
        let gone = self
            .registered
            .iter()
            .filter(|(_, peer)| peer.heard.elapsed() > Duration::from_secs(longest));
        gone.map(|(id, _)| id.clone()).collect()
    }
}

impl Inner {
    /// Ends the rests whose release every registered server has seen, and those whose time is over.
    pub(super) fn end_rests(&mut self, own_seen: i64, now: Timestamp) {
        if self.rests.is_empty() {
            return;
        }
        let seen = self.peers.seen_by_others().min(own_seen);
        let grace = self.grace;
        let over: Vec<_> = self
            .rests
            .iter()
            .filter(|(_, rest)| rest.revision <= seen || now.duration_since(rest.until) > grace)
            .map(|(at, rest)| (*at, rest.revision))
            .collect();
        for ((first, index), revision) in over {
            self.rests.remove(&(first, index));
            self.ended.insert((first, index), revision);
            if let Some(cell) = self.cells.get_mut(&first) {
                cell.state.rest(index, None);
            }
        }
    }
}
