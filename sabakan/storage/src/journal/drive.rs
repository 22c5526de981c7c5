//! Working on a journal until it is finished: look, decide, do one step, look again.

use super::decide::{Observed, Plan, decide};
use super::layout::{self, Ending, Header, Phase, Record, Step};
use super::step::Places;
use crate::{Storage, StorageError};
use neco_etcd::{Kv, Response, Txn};
use sabakan_model::{Machine, decode_stored};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// How often trouble of etcd in a row is borne before somebody else shall go on.
const PATIENCE: u32 = 8;

/// A journal as one server works on it.
pub(super) struct Journal {
    pub(super) storage: Storage,
    pub(super) id: String,
    /// Parts that were read; they never change.
    parts: BTreeMap<u32, Arc<Vec<Machine>>>,
    /// The places of all machines, once they were counted.
    places: Option<Arc<Places>>,
}

/// A header with the revision that guards every step.
pub(super) struct Seen {
    pub(super) observed: Observed,
    /// Revision of the header's last write.
    pub(super) guard: i64,
    /// Revision of the store at this look.
    pub(super) revision: i64,
}

/// What became of a step.
pub(super) enum Done {
    /// It is done, by this server or another, or the world has changed: look again.
    Look,
    /// The registration cannot go on.
    Conflict { reason: String, again: bool },
}

impl Journal {
    pub(super) fn new(storage: Storage, id: String) -> Self {
        Self {
            storage,
            id,
            parts: BTreeMap::new(),
            places: None,
        }
    }

    /// Works until the journal is finished; says how, and at which revision.
    pub(super) async fn drive(&mut self) -> Result<(Ending, i64), StorageError> {
        let mut failures = 0;
        loop {
            match self.advance().await {
                Ok(Some(ending)) => return Ok(ending),
                Ok(None) => failures = 0,
                Err(error) if error.is_unavailable() && failures < PATIENCE => {
                    tracing::warn!(
                        journal = self.id,
                        error = &error as &dyn std::error::Error,
                        "a registration is held up"
                    );
                    failures += 1;
                    tokio::time::sleep(Duration::from_millis(50 << failures.min(5))).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn advance(&mut self) -> Result<Option<(Ending, i64)>, StorageError> {
        let Some(seen) = self.look().await? else {
            return self.ending().await.map(Some);
        };
        let done = match decide(&seen.observed) {
            Plan::Claim(n) => self.claim(&seen, n).await?,
            Plan::Write(n) => self.write(&seen, n).await?,
            Plan::Commit => self.commit(&seen).await?,
            Plan::Abandon => Done::Conflict {
                reason: "the server that began it stopped before it was complete".to_owned(),
                again: true,
            },
            Plan::Unwrite(n) => self.unwrite(&seen, n).await?,
            Plan::Unclaim(n) => self.unclaim(&seen, n).await?,
            Plan::Close => self.close(&seen).await?,
        };
        if let Done::Conflict { reason, again } = done {
            self.turn_back(&seen, reason, again).await?;
        }
        Ok(None)
    }

    /// What etcd holds of the journal; `None` when it is finished.
    async fn look(&self) -> Result<Option<Seen>, StorageError> {
        let (header_key, id) = (layout::header_key(&self.id), &self.id);
        let txn = Txn::new()
            .get(&header_key)
            .get_prefix(layout::claims_prefix(id))
            .get_prefix(layout::chunks_prefix(id));
        let outcome = self
            .storage
            .etcd()
            .commit(txn)
            .await
            .map_err(StorageError::etcd("looking at a registration"))?;
        let mut answers = outcome.responses.into_iter().map(kvs);
        let mut next = || answers.next().unwrap_or_default();
        let Some(header) = next().into_iter().next() else {
            return Ok(None);
        };
        let guard = header.mod_revision;
        let header: Header = decode_stored(&header.value).map_err(|e| StorageError::unreadable(&header_key, e))?;
        if header.reader > layout::LAYOUT {
            return Err(StorageError::unreadable(
                &header_key,
                format!("it was written by version {}", header.writer),
            ));
        }
        let observed = Observed {
            header,
            claims: numbers(&next()),
            chunks: numbers(&next()),
        };
        Ok(Some(Seen {
            observed,
            guard,
            revision: outcome.revision,
        }))
    }

    /// How a journal ended that is there no more.
    async fn ending(&self) -> Result<(Ending, i64), StorageError> {
        let key = layout::result_key(&self.id);
        let kv = self
            .storage
            .etcd()
            .get(&key)
            .await
            .map_err(StorageError::etcd("reading the end of a registration"))?;
        let kv = kv.ok_or_else(|| StorageError::not_found("registration", &self.id))?;
        let record: Record = decode_stored(&kv.value).map_err(|e| StorageError::unreadable(&key, e))?;
        Ok((record.result, kv.mod_revision))
    }

    /// The machines of a part, as they are to be stored.
    pub(super) async fn part(&mut self, n: u32) -> Result<Arc<Vec<Machine>>, StorageError> {
        if let Some(machines) = self.parts.get(&n) {
            return Ok(Arc::clone(machines));
        }
        let key = layout::part_key(&self.id, n);
        let kv = self
            .storage
            .etcd()
            .get(&key)
            .await
            .map_err(StorageError::etcd("reading a part of a registration"))?;
        let kv = kv.ok_or_else(|| StorageError::unreadable(&key, "it is missing"))?;
        let machines: Vec<Machine> = decode_stored(&kv.value).map_err(|e| StorageError::unreadable(&key, e))?;
        let machines = Arc::new(machines);
        self.parts.insert(n, Arc::clone(&machines));
        Ok(machines)
    }

    /// Which places the machines of all parts take.
    pub(super) async fn places(&mut self, parts: u32) -> Result<Arc<Places>, StorageError> {
        if let Some(places) = &self.places {
            return Ok(Arc::clone(places));
        }
        let mut places = Places::new();
        for part in 0..parts {
            for machine in self.part(part).await?.iter() {
                places
                    .entry(machine.spec.rack)
                    .or_default()
                    .push(machine.spec.index_in_rack);
            }
        }
        let places = Arc::new(places);
        self.places = Some(Arc::clone(&places));
        Ok(places)
    }

    pub(super) fn remember(&mut self, n: u32, machines: Vec<Machine>) {
        self.parts.insert(n, Arc::new(machines));
    }

    /// A transaction that happens only while the header is the one that was seen.
    pub(super) fn guarded(&self, seen: &Seen) -> Txn {
        Txn::new().if_mod_revision(layout::header_key(&self.id), seen.guard)
    }

    async fn turn_back(&self, seen: &Seen, reason: String, again: bool) -> Result<(), StorageError> {
        tracing::warn!(journal = self.id, reason, "a registration is taken back");
        let header = seen.observed.header.with_phase(Phase::Back { reason, again });
        let value = sabakan_model::to_go_json(&header).map_err(StorageError::encode)?;
        let txn = self.guarded(seen).put(layout::header_key(&self.id), value);
        let outcome = self
            .storage
            .etcd()
            .commit(txn)
            .await
            .map_err(StorageError::etcd("turning a registration back"))?;
        self.tell(outcome.succeeded, Step::TurnedBack);
        Ok(())
    }

    /// Tells the observer about a step that this server did.
    pub(super) fn tell(&self, done: bool, step: Step) {
        if !done {
            return;
        }
        tracing::debug!(journal = self.id, ?step, "a step of a registration is done");
        if let Some(observer) = &self.storage.inner.options.on_step {
            observer(&step);
        }
    }
}

pub(super) fn kvs(response: Response) -> Vec<Kv> {
    match response {
        Response::Kvs(kvs) => kvs,
        _ => Vec::new(),
    }
}

/// The numbers at the ends of keys.
fn numbers(kvs: &[Kv]) -> BTreeSet<u32> {
    kvs.iter()
        .filter_map(|kv| kv.key.rsplit('/').next()?.parse().ok())
        .collect()
}
