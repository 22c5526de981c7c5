//! Group commit: all pending changes of many ranges in one transaction of etcd, a few transactions at a time.
//!
//! A range has at most one transaction in flight, so its revision is always known; while one is in flight, changes
//! gather for the next. Under load the groups grow and the number of transactions does not.

use std::net::Ipv4Addr;

use jiff::Timestamp;
use neco_etcd::{Error, Kv, Op, Outcome, Response, Txn};

use super::keys::{self, StoredRest};
use super::sync::Arrival;
use super::{Cell, Pending, Refused, Store};
use crate::range::{Change, Rest, Undo};

/// Ranges in one transaction: two reads each on failure, and etcd takes 128 operations.
const MOST_RANGES: usize = 60;
/// Changes of one range in one transaction.
const MOST_CHANGES: usize = 256;
/// Steps in one transaction, rests included.
const MOST_STEPS: usize = 120;
/// Bytes of values in one transaction, well below etcd's 1.5 MiB.
const MOST_BYTES: usize = 512 * 1024;
/// Transactions in flight. More would only make the groups smaller.
const MOST_IN_FLIGHT: usize = 3;

/// One range's part of a transaction.
struct Part {
    first: Ipv4Addr,
    changes: Vec<Pending>,
    undo: Undo,
    /// Addresses that begin to rest with this.
    rested: Vec<(u32, StoredRest)>,
}

impl Store {
    /// Commits until dropped.
    pub(super) async fn commit_forever(&self) {
        loop {
            let mut waiting = std::pin::pin!(self.0.work.notified());
            waiting.as_mut().enable();
            while let Some((txn, parts)) = self.next_group() {
                let store = self.clone();
                tokio::spawn(async move {
                    let changes: usize = parts.iter().map(|part| part.changes.len()).sum();
                    store.0.metrics.group(parts.len(), changes);
                    let timer = store.0.metrics.commit_timer();
                    let outcome = store.0.etcd.commit(txn).await;
                    timer.observe_duration();
                    store.settle(parts, outcome);
                    store.0.work.notify_one();
                    store.0.ended.notify_waiters();
                });
            }
            waiting.await;
        }
    }

    /// Takes the next group, applied in memory already.
    fn next_group(&self) -> Option<(Txn, Vec<Part>)> {
        let now = Timestamp::now();
        let mut guard = self.0.inner.lock();
        let inner = &mut *guard;
        if inner.commits_in_flight >= MOST_IN_FLIGHT || inner.queue.is_empty() {
            return None;
        }
        let mark = format!("{}{}", keys::COMMITS, self.0.identity.id);
        let mut txn = Txn::new().put(mark, keys::COMMIT_MARK);
        let mut parts = Vec::new();
        let mut bytes = 0;
        while parts.len() < MOST_RANGES && txn.then.len() < MOST_STEPS && bytes < MOST_BYTES {
            let Some(first) = inner.queue.pop_front() else { break };
            let Some(cell) = inner.cells.get_mut(&first) else {
                continue;
            };
            cell.queued = false;
            let Some(part) = cell.take_part(first, now) else {
                continue;
            };
            cell.in_flight = true;
            let value = cell.state.render();
            bytes += value.len();
            let key = keys::usage(first);
            txn = txn.if_mod_revision(key.clone(), cell.revision).put(key.clone(), value);
            txn = txn.or_else_get(key).or_else(Op::GetPrefix(keys::rests(first)));
            txn = part.rests(cell, txn);
            parts.push(part);
        }
        if parts.is_empty() {
            return None;
        }
        inner.commits_in_flight += 1;
        Some((txn, parts))
    }

    /// Carries out what etcd said of a group.
    fn settle(&self, parts: Vec<Part>, outcome: Result<Outcome, Error>) {
        match outcome {
            Ok(outcome) if outcome.succeeded => {
                self.set_away(false);
                self.0.metrics.committed();
                self.settle_committed(parts, outcome.revision);
            }
            Ok(outcome) => {
                self.set_away(false);
                self.settle_moved(parts, outcome);
            }
            Err(error) => {
                self.0.metrics.commit_failed();
                tracing::error!(
                    op = "dhcp commit",
                    error = &error as &dyn std::error::Error,
                    "leases were not written"
                );
                // Only when the changes are taken back may the waiting be answered from memory.
                let waiting = self.settle_failed(parts);
                if error.is_unavailable() {
                    self.set_away(true);
                }
                for pending in waiting {
                    let _gone = pending.done.send(Err(Refused::Away));
                }
            }
        }
    }

    fn settle_committed(&self, parts: Vec<Part>, revision: i64) {
        let mut guard = self.0.inner.lock();
        let inner = &mut *guard;
        inner.commits_in_flight -= 1;
        for part in parts {
            let Some(cell) = inner.cells.get_mut(&part.first) else {
                continue;
            };
            cell.revision = revision;
            cell.as_of = revision;
            for (index, stored) in part.rested {
                if let Some(rest) = stored.rest(revision) {
                    inner.rests.insert((part.first, index), rest.clone());
                    cell.state.rest(index, Some(rest));
                }
            }
            for pending in part.changes {
                if let Change::Lease { mac, index, .. } = &pending.change {
                    cell.state.withdraw(mac);
                    cell.given_back.remove(mac);
                    cell.state.rest(*index, None);
                    inner.rests.remove(&(part.first, *index));
                }
                let _gone = pending.done.send(Ok(()));
            }
            cell.land();
            inner.enqueue(part.first);
        }
    }

    /// A range was changed by another server: those that were learn it and decide again, the rest go again as they are.
    fn settle_moved(&self, parts: Vec<Part>, outcome: Outcome) {
        self.0.metrics.commit_moved();
        let mut guard = self.0.inner.lock();
        let inner = &mut *guard;
        inner.commits_in_flight -= 1;
        let revision = outcome.revision;
        let mut answers = outcome.responses.into_iter();
        for part in parts {
            let usage = kvs(answers.next()).pop();
            let rests = kvs(answers.next());
            let Some(cell) = inner.cells.get_mut(&part.first) else {
                continue;
            };
            cell.state.revert(part.undo);
            let found = usage.as_ref().map_or(0, |kv| kv.mod_revision);
            if found == cell.revision {
                let later = std::mem::take(&mut cell.pending);
                cell.pending = part.changes.into_iter().chain(later).collect();
            } else {
                cell.load_rests(&mut inner.rests, part.first, rests);
                cell.arrive(Arrival::new(revision, usage));
                for pending in part.changes {
                    let _gone = pending.done.send(Err(Refused::Moved));
                }
            }
            cell.land();
            inner.enqueue(part.first);
        }
    }

    fn settle_failed(&self, parts: Vec<Part>) -> Vec<Pending> {
        let mut waiting = Vec::new();
        let mut guard = self.0.inner.lock();
        let inner = &mut *guard;
        inner.commits_in_flight -= 1;
        for part in parts {
            let Some(cell) = inner.cells.get_mut(&part.first) else {
                continue;
            };
            cell.state.revert(part.undo);
            // What was given back may be gone in etcd, now or soon: it is not acknowledged from memory any more.
            let given_back = part
                .changes
                .iter()
                .filter(|pending| !matches!(pending.change, Change::Lease { .. }));
            cell.given_back.extend(given_back.map(|pending| pending.change.mac()));
            waiting.extend(part.changes);
            waiting.append(&mut cell.pending);
            cell.land();
        }
        waiting
    }
}

impl Cell {
    /// Applies the pending changes; those that do not fit any more are told at once.
    fn take_part(&mut self, first: Ipv4Addr, now: Timestamp) -> Option<Part> {
        let rest = self.pending.split_off(self.pending.len().min(MOST_CHANGES));
        let changes = std::mem::replace(&mut self.pending, rest);
        let mut part = Part {
            first,
            changes: Vec::new(),
            undo: Undo::default(),
            rested: Vec::new(),
        };
        for pending in changes {
            if pending.done.is_closed() {
                continue;
            }
            let before = self.state.held_by(&pending.change.mac());
            if self.broken || self.state.apply(&pending.change, now, &mut part.undo).is_err() {
                let _gone = pending.done.send(Err(Refused::Moved));
                continue;
            }
            // An address that its client leaves early rests, whether the client said so or takes another.
            let leaves = match &pending.change {
                Change::Release { .. } => before,
                Change::Lease { index, .. } => before.filter(|held| held.index != *index && held.until > now),
                Change::Decline { .. } => None,
            };
            if let Some(held) = leaves {
                let rest = StoredRest::new(pending.change.mac().to_string(), held.until);
                part.rested.push((held.index, rest));
            }
            part.changes.push(pending);
        }
        (!part.changes.is_empty()).then_some(part)
    }

    /// The commit is over: what came meanwhile counts now.
    fn land(&mut self) {
        self.in_flight = false;
        if let Some(arrival) = self.arrived.take() {
            self.take(arrival);
        }
    }
}

impl Part {
    /// Adds the keys of rests that begin and end.
    fn rests(&self, cell: &Cell, mut txn: Txn) -> Txn {
        for (index, stored) in &self.rested {
            if let Ok(value) = serde_json::to_vec(stored) {
                txn = txn.put(keys::rest(self.first, *index), value);
            }
        }
        for pending in &self.changes {
            let index = pending.change.index();
            let begins = self.rested.iter().any(|(rested, _)| *rested == index);
            if matches!(pending.change, Change::Lease { .. }) && cell.state.is_resting(index) && !begins {
                txn = txn.delete(keys::rest(self.first, index));
            }
        }
        txn
    }
}

impl StoredRest {
    fn new(mac: String, until: Timestamp) -> StoredRest {
        StoredRest {
            writer: keys::VERSION,
            reader: keys::VERSION,
            mac,
            until,
        }
    }

    /// The rest, as of the revision that wrote it.
    pub(super) fn rest(&self, revision: i64) -> Option<Rest> {
        Some(Rest {
            mac: keys::parse_mac(&self.mac)?,
            until: self.until,
            revision,
        })
    }
}

pub(super) fn kvs(response: Option<Response>) -> Vec<Kv> {
    match response {
        Some(Response::Kvs(kvs)) => kvs,
        _ => Vec::new(),
    }
}
