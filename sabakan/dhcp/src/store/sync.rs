//! What others write: two watches, followed in step.
//!
//! A change of a range is taken in only when the watch of our own keys has come as far, because there it says who wrote
//! it and which addresses began to rest with it.

use std::collections::{HashMap, VecDeque};
use std::net::Ipv4Addr;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use neco_etcd::{Error, Event, Kv, Watch, WatchItem};

use super::keys::{self, StoredRest};
use super::{Cell, Inner, Store};
use crate::layout::Range;
use crate::metrics::Metrics;
use crate::range::Rest;

/// How long a range counts as written by another program after the last such change.
const FOREIGN_FOR: Duration = Duration::from_secs(3600);
/// Marks of our kind's commits that are remembered; the watches are never that far apart.
const MOST_MARKS: usize = 100_000;

/// A range's value from etcd.
pub(super) struct Arrival {
    /// etcd's revision as of which this is so.
    at: i64,
    /// The key's mod revision; 0 without the key.
    revision: i64,
    /// `None` when the key does not exist.
    value: Option<Vec<u8>>,
    /// Counts even if it looks older than what is known: etcd was restored.
    forced: bool,
}

impl Arrival {
    /// What was read as of a revision.
    pub(super) fn new(at: i64, kv: Option<Kv>) -> Arrival {
        let revision = kv.as_ref().map_or(0, |kv| kv.mod_revision);
        Arrival {
            at,
            revision,
            value: kv.map(|kv| kv.value),
            forced: false,
        }
    }

    /// The same, whatever is known.
    fn forced(self) -> Arrival {
        Arrival { forced: true, ..self }
    }
}

/// How far the watches have come, and what waits for the other.
struct Streams {
    usages: Watch,
    ours: Watch,
    ours_at: i64,
    usages_at: i64,
    waiting: VecDeque<Event>,
}

impl Store {
    /// Reads all ranges, then follows them until dropped.
    pub(super) async fn follow_forever(&self, mut streams: Followed) {
        loop {
            self.follow(&mut streams.0).await;
        }
    }

    /// Reads everything once, and returns the watches that go on from there.
    ///
    /// # Errors
    /// etcd's, when it cannot be read.
    pub(super) async fn load(&self) -> Result<Followed, Error> {
        let usages = self.0.etcd.read_prefix(keys::USAGES).await?;
        // Read after the ranges: an address that was given back before is found resting.
        let ours = self.0.etcd.read_prefix(keys::OURS).await?;
        let streams = Streams {
            usages: self.0.etcd.watch(keys::USAGES, usages.revision),
            ours: self.0.etcd.watch(keys::OURS, ours.revision),
            ours_at: ours.revision,
            usages_at: usages.revision,
            waiting: VecDeque::new(),
        };
        self.replace_ours(ours.kvs);
        self.replace_usages(usages.revision, usages.kvs);
        self.0.seen.store(usages.revision, Ordering::Relaxed);
        Ok(Followed(streams))
    }

    async fn follow(&self, streams: &mut Streams) {
        let item = tokio::select! {
            item = streams.usages.next() => item.map(|item| (true, item)),
            item = streams.ours.next() => item.map(|item| (false, item)),
            () = self.0.identity.progress.notified() => {
                streams.usages.progress().request();
                streams.ours.progress().request();
                return;
            }
        };
        match item {
            Ok((true, item)) => self.usages_item(streams, item),
            Ok((false, item)) => self.ours_item(streams, item),
            Err(error) => {
                tracing::error!(
                    op = "dhcp watch",
                    error = &error as &dyn std::error::Error,
                    "leases cannot be watched"
                );
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
        self.catch_up(streams);
    }

    fn usages_item(&self, streams: &mut Streams, item: WatchItem) {
        streams.usages_at = item.revision();
        match item {
            WatchItem::Events { events, .. } => streams.waiting.extend(events),
            WatchItem::Resync(snapshot) => {
                streams.waiting.clear();
                self.replace_usages(snapshot.revision, snapshot.kvs);
            }
        }
        if streams
            .waiting
            .back()
            .is_some_and(|event| event.revision() > streams.ours_at)
        {
            streams.ours.progress().request();
        }
    }

    fn ours_item(&self, streams: &mut Streams, item: WatchItem) {
        streams.ours_at = item.revision();
        match item {
            WatchItem::Events { events, .. } => events.into_iter().for_each(|event| self.our_event(event)),
            WatchItem::Resync(snapshot) => self.replace_ours(snapshot.kvs),
        }
    }

    /// Takes in every change of a range whose writer is known by now.
    fn catch_up(&self, streams: &mut Streams) {
        let mut guard = self.0.inner.lock();
        let inner = &mut *guard;
        while let Some(event) = streams.waiting.pop_front() {
            if event.revision() > streams.ours_at {
                streams.waiting.push_front(event);
                break;
            }
            inner.usage_event(event, &self.0.metrics);
        }
        let seen_before = self.0.seen.load(Ordering::Relaxed);
        let seen = streams
            .waiting
            .front()
            .map_or(streams.usages_at, |event| event.revision() - 1);
        let seen = seen.min(streams.ours_at);
        if seen != seen_before {
            self.0.seen.store(seen, Ordering::Relaxed);
            inner.end_rests(seen, Timestamp::now());
        }
    }

    fn our_event(&self, event: Event) {
        let mut guard = self.0.inner.lock();
        let inner = &mut *guard;
        let (key, revision) = (event.key().to_owned(), event.revision());
        let kv = match event {
            Event::Put(kv) => Some(kv),
            Event::Delete { .. } => None,
        };
        if key.starts_with(keys::COMMITS) {
            inner.ours.insert(revision);
            while inner.ours.len() > MOST_MARKS {
                inner.ours.pop_first();
            }
        } else if let Some(id) = key.strip_prefix(keys::SERVERS) {
            self.heard_of(inner, id, kv.as_ref());
        } else if let Some((first, index)) = keys::rest_of(&key) {
            inner.set_rest(first, index, kv.as_ref());
        }
    }

    fn replace_ours(&self, kvs: Vec<Kv>) {
        let mut guard = self.0.inner.lock();
        let inner = &mut *guard;
        inner.peers.forget_all();
        let known: Vec<(Ipv4Addr, u32)> = inner.rests.keys().copied().collect();
        for (first, index) in known {
            inner.set_rest(first, index, None);
        }
        for kv in kvs {
            if let Some(id) = kv.key.strip_prefix(keys::SERVERS) {
                self.heard_of(inner, id, Some(&kv));
            } else if let Some((first, index)) = keys::rest_of(&kv.key) {
                inner.set_rest(first, index, Some(&kv));
            } else if kv.key.starts_with(keys::COMMITS) {
                inner.ours.insert(kv.mod_revision);
            }
        }
    }

    fn replace_usages(&self, revision: i64, kvs: Vec<Kv>) {
        let mut guard = self.0.inner.lock();
        let inner = &mut *guard;
        let mut found: HashMap<Ipv4Addr, Kv> = HashMap::new();
        for kv in kvs {
            if let Some(first) = keys::usage_of(&kv.key) {
                found.insert(first, kv);
            }
        }
        for (first, cell) in &mut inner.cells {
            cell.arrive(Arrival::new(revision, found.remove(first)).forced());
        }
        inner.early = found
            .into_iter()
            .map(|(first, kv)| (first, Arrival::new(revision, Some(kv))))
            .collect();
    }

    /// Reads a range from etcd and takes it in: what a refusal needs.
    ///
    /// # Errors
    /// etcd's.
    pub(crate) async fn refresh(&self, range: Range) -> Result<(), Error> {
        let txn = neco_etcd::Txn::new()
            .get(keys::usage(range.first))
            .get_prefix(keys::rests(range.first));
        let mut outcome = self.0.etcd.commit(txn).await.inspect_err(|error| {
            if error.is_unavailable() {
                self.set_away(true);
            }
        })?;
        self.set_away(false);
        let mut rests = super::commit::kvs(outcome.responses.pop());
        let mut usage = super::commit::kvs(outcome.responses.pop());
        loop {
            let mut ended = std::pin::pin!(self.0.ended.notified());
            ended.as_mut().enable();
            {
                let mut guard = self.0.inner.lock();
                let inner = &mut *guard;
                inner.cell(range);
                let Some(cell) = inner.cells.get_mut(&range.first) else {
                    return Ok(());
                };
                if !cell.in_flight {
                    if outcome.revision > cell.as_of {
                        cell.load_rests(&mut inner.rests, range.first, std::mem::take(&mut rests));
                        cell.arrive(Arrival::new(outcome.revision, usage.pop()));
                    }
                    return Ok(());
                }
            }
            ended.await;
        }
    }
}

/// Watches that go on from what was loaded.
pub(super) struct Followed(Streams);

impl Inner {
    fn usage_event(&mut self, event: Event, metrics: &Metrics) {
        let Some(first) = keys::usage_of(event.key()) else {
            return;
        };
        let revision = event.revision();
        let foreign = !self.ours.contains(&revision);
        let kv = match event {
            Event::Put(kv) => Some(kv),
            Event::Delete { .. } => None,
        };
        if foreign {
            metrics.foreign_write();
            self.foreign.insert(first, Instant::now() + FOREIGN_FOR);
        }
        let Some(cell) = self.cells.get_mut(&first) else {
            self.early.insert(first, Arrival::new(revision, kv));
            return;
        };
        cell.arrive(Arrival::new(revision, kv));
    }

    pub(super) fn set_rest(&mut self, first: Ipv4Addr, index: u32, kv: Option<&Kv>) {
        let rest: Option<Rest> = kv.and_then(|kv| {
            let stored: StoredRest = serde_json::from_slice(&kv.value).ok()?;
            stored.rest(kv.mod_revision)
        });
        match &rest {
            Some(rest) => drop(self.rests.insert((first, index), rest.clone())),
            None => {
                self.rests.remove(&(first, index));
                self.ended.remove(&(first, index));
            }
        }
        if let Some(cell) = self.cells.get_mut(&first) {
            cell.state.rest(index, rest);
        }
    }
}

impl Cell {
    /// Takes in a value, at once or when the commit in flight has ended.
    pub(super) fn arrive(&mut self, arrival: Arrival) {
        if self.in_flight {
            let newer = self
                .arrived
                .as_ref()
                .is_none_or(|old| arrival.forced || (arrival.at > old.at && !old.forced));
            if newer {
                self.arrived = Some(arrival);
            }
        } else {
            self.take(arrival);
        }
    }

    pub(super) fn take(&mut self, arrival: Arrival) {
        if arrival.at <= self.as_of && !arrival.forced {
            return;
        }
        let same = arrival.revision == self.revision && !arrival.forced;
        self.as_of = arrival.at;
        self.revision = arrival.revision;
        if same && self.revision != 0 {
            return;
        }
        let value = arrival.value.unwrap_or_else(|| b"null".to_vec());
        let loaded = self.state.load(&value);
        self.broken = loaded.is_err();
        self.told = false;
        if let Err(error) = loaded {
            let key = keys::usage(self.state.range().first);
            tracing::error!(
                key,
                error = &error as &dyn std::error::Error,
                "a range's leases cannot be read: it is left alone"
            );
        }
    }

    pub(super) fn load_rests(&mut self, all: &mut HashMap<(Ipv4Addr, u32), Rest>, first: Ipv4Addr, kvs: Vec<Kv>) {
        for kv in kvs {
            let Some((_, index)) = keys::rest_of(&kv.key) else {
                continue;
            };
            let stored: Option<StoredRest> = serde_json::from_slice(&kv.value).ok();
            if let Some(rest) = stored.and_then(|stored| stored.rest(kv.mod_revision)) {
                all.insert((first, index), rest.clone());
                self.state.rest(index, Some(rest));
            }
        }
    }
}
