//! Standing for leader, and what one does as long as one leads.
//!
//! A server that loses the lead drops every connection to nodes, which ends its commands, and stands again. Each effect asks
//! [`Lead::ensure`] just before it: the lease may have run out in a process that stood still.

use crate::apply::ApplyError;
use crate::hands::Hands;
use crate::metrics::Metrics;
use crate::options::Settings;
use crate::round::{self, Next};
use crate::wake::Wake;
use cke_model::Record;
use cke_model::record::RecordStatus;
use cke_storage::{Storage, StorageError};
use jiff::Timestamp;
use neco_etcd::{Guard, Leadership};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Pause before standing again after a failure, so that a broken etcd is not flooded.
const PAUSE: Duration = Duration::from_secs(1);

/// A server that wants to lead.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    pub(crate) storage: Storage,
    pub(crate) settings: Settings,
    pub(crate) metrics: Arc<Metrics>,
}

/// The lead, held.
#[derive(Debug)]
pub(crate) struct Lead {
    leadership: Leadership,
    margin: Duration,
}

/// The lead is lost, or not certain for long enough: nothing more may be done.
#[derive(Debug, thiserror::Error)]
#[error("this server leads no more")]
pub(crate) struct LeadLost;

impl Lead {
    /// To be asked just before each effect outside etcd.
    pub(crate) fn ensure(&self) -> Result<(), LeadLost> {
        if self.leadership.remaining() > self.margin {
            Ok(())
        } else {
            Err(LeadLost)
        }
    }

    /// Reads the leader's key once more, before an operation.
    pub(crate) async fn confirm(&self, storage: &Storage) -> Result<(), ApplyError> {
        let kv = storage.etcd().get(self.leadership.key()).await;
        let kv = kv.map_err(|source| StorageError::Etcd {
            key: self.leadership.key().to_owned(),
            source,
        })?;
        if kv.is_some_and(|kv| kv.create_revision == self.leadership.create_revision()) {
            return Ok(self.ensure()?);
        }
        Err(LeadLost.into())
    }

    /// To be put into each write.
    pub(crate) fn guard(&self) -> Guard {
        self.leadership.guard()
    }

    /// Keys with this lease go when the lead does.
    pub(crate) fn lease(&self) -> i64 {
        self.leadership.lease_id()
    }

    /// Cancelled when the lead is lost.
    pub(crate) fn lost(&self) -> CancellationToken {
        self.leadership.lost()
    }
}

impl Candidate {
    /// Stands, leads, and stands again, until the drain.
    pub(crate) async fn run(self, drain: CancellationToken) -> Result<(), StorageError> {
        let name = hostname();
        while !drain.is_cancelled() {
            self.metrics.set_leader(false);
            let election = self.storage.election(&name, self.settings.session_ttl);
            let leadership = tokio::select! {
                won = election.campaign() => won,
                () = drain.cancelled() => break,
            };
            match leadership {
                Ok(leadership) => self.lead(leadership, &drain).await,
                Err(error) => tracing::error!(error = &error as &dyn std::error::Error, "cannot stand for leader"),
            }
            tokio::select! {
                () = tokio::time::sleep(PAUSE) => {}
                () = drain.cancelled() => {}
            }
        }
        Ok(())
    }

    async fn lead(&self, leadership: Leadership, drain: &CancellationToken) {
        let lead = Lead {
            margin: self.settings.session_ttl / 10,
            leadership,
        };
        tracing::info!(lease = format!("{:x}", lead.lease()), "I am the leader");
        self.metrics.set_leader(true);
        let lost = lead.lost();
        let ended = tokio::select! {
            ended = self.rounds(&lead, drain) => ended,
            () = lost.cancelled() => Err(LeadLost.into()),
        };
        self.metrics.set_leader(false);
        match ended {
            Ok(()) => tracing::info!("the lead is given up"),
            Err(error) => tracing::warn!(error = format!("{error:#}"), "the lead ends"),
        }
        if let Err(error) = lead.leadership.resign().await {
            tracing::warn!(error = &error as &dyn std::error::Error, "the lead ends by itself");
        }
    }

    async fn rounds(&self, lead: &Lead, drain: &CancellationToken) -> anyhow::Result<()> {
        self.take_over(lead).await?;
        let mut wake = Wake::start(&self.storage, self.settings.interval).await?;
        let mut hands = Hands::new(&self.storage, &self.settings, Arc::clone(&self.metrics), lead.guard())?;
        let _tidying = hands.tidy_every(self.settings.certs_gc_interval);
        while !drain.is_cancelled() {
            let next = round::once(self, lead, &mut hands).await?;
            if next == Next::Again {
                continue;
            }
            tokio::select! {
                () = wake.next(hands.changes()) => {}
                () = drain.cancelled() => {}
            }
        }
        Ok(())
    }

    /// What a new leader finds: an operation that a former one did not end is cancelled, and old records go.
    async fn take_over(&self, lead: &Lead) -> Result<(), StorageError> {
        let records = self.storage.records();
        records.trim(&lead.guard()).await?;
        let newest = records.newest(1).await?.entries.into_iter().next();
        let Some(mut record) = newest.filter(|record| !has_ended(record)) else {
            return Ok(());
        };
        tracing::warn!(id = %record.id, operation = record.operation, "cancels an operation of a former leader");
        record.cancel(Timestamp::now());
        records.update(&lead.guard(), &record).await
    }
}

fn has_ended(record: &Record) -> bool {
    matches!(record.status, RecordStatus::Cancelled | RecordStatus::Completed)
}

/// What this server is called in the election.
fn hostname() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    name.trim().to_owned()
}
