//! Writing queued events, many in one transaction.

use super::{RECORDS_PER_WRITE, Record, prefix};
use crate::{Storage, StorageError, WRITER};
use jiff::Timestamp;
use neco_etcd::Txn;
use sabakan_model::{BootEvent, to_go_json};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Between two tries while etcd is away.
const AGAIN: Duration = Duration::from_secs(1);

/// A record that etcd has not taken yet. Written again under the same key it is there once, so that it may be tried until it is.
struct Pending {
    serial: String,
    key: String,
    events: Vec<BootEvent>,
}

impl Storage {
    /// Writes queued events until it is cancelled, and what is left then. While etcd is away they wait, no more of them than the queue
    /// has place for: a boot during an outage is one that people ask about.
    pub(crate) async fn write_boot_log(&self, stop: CancellationToken) {
        let Some(mut queue) = self.inner.boot_log.receiver.lock().take() else {
            return;
        };
        let limits = self.inner.boot_log.limits;
        let mut pending = Vec::new();
        while !stop.is_cancelled() {
            let mut events = Vec::new();
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(AGAIN), if !pending.is_empty() => {}
                _ = queue.recv_many(&mut events, limits.queue.max(1)) => {
                    // More events of the same boot are about to come.
                    tokio::select! {
                        () = stop.cancelled() => {}
                        () = tokio::time::sleep(limits.flush_every) => {}
                    }
                }
            }
            while let Ok(event) = queue.try_recv() {
                events.push(event);
            }
            pending.extend(self.records(events));
            self.bound(&mut pending, limits.queue.max(1));
            pending = self.flush(pending).await;
        }
    }

    /// One record for the events of each machine.
    fn records(&self, events: Vec<(String, BootEvent)>) -> impl Iterator<Item = Pending> {
        let mut by_machine: BTreeMap<String, Vec<BootEvent>> = BTreeMap::new();
        for (serial, event) in events {
            by_machine.entry(serial).or_default().push(event);
        }
        let now = self.now();
        by_machine.into_iter().map(move |(serial, events)| Pending {
            key: record_key(&serial, now),
            serial,
            events,
        })
    }

    /// Drops the oldest records where there are more events than this.
    fn bound(&self, pending: &mut Vec<Pending>, most: usize) {
        let mut events = 0;
        let kept = pending.iter().rev().take_while(|record| {
            events += record.events.len();
            events <= most
        });
        // A single record of the whole queue is kept: that much has place.
        let first = pending.len() - kept.count();
        let lost: usize = pending.drain(..first).map(|record| record.events.len()).sum();
        self.count_lost(lost);
    }

    /// Writes what it can; what has to wait for etcd comes back.
    async fn flush(&self, mut pending: Vec<Pending>) -> Vec<Pending> {
        while !pending.is_empty() {
            let group = &pending[..pending.len().min(RECORDS_PER_WRITE)];
            match self.write_records(group).await {
                Ok(()) => self.trim_machines(group.iter().map(|record| &record.serial)).await,
                Err(error) if error.is_unavailable() => {
                    tracing::debug!(
                        records = pending.len(),
                        error = &error as &dyn std::error::Error,
                        "boot events wait for etcd"
                    );
                    return pending;
                }
                Err(error) => {
                    let lost = group.iter().map(|record| record.events.len()).sum();
                    self.count_lost(lost);
                    tracing::warn!(
                        lost,
                        error = &error as &dyn std::error::Error,
                        "boot events could not be stored"
                    );
                }
            }
            let done = group.len();
            pending.drain(..done);
        }
        pending
    }

    fn count_lost(&self, lost: usize) {
        let lost = u64::try_from(lost).unwrap_or(u64::MAX);
        self.inner.metrics.boot_events_dropped.inc_by(lost);
    }

    async fn write_records(&self, group: &[Pending]) -> Result<(), StorageError> {
        let mut txn = Txn::new();
        for record in group {
            let value = Record {
                writer: WRITER.to_owned(),
                reader: 1,
                events: record.events.clone(),
            };
            let value = to_go_json(&value).map_err(StorageError::encode)?;
            txn = txn.put(record.key.clone(), value);
        }
        self.etcd()
            .commit(txn)
            .await
            .map(|_| ())
            .map_err(StorageError::etcd("storing boot events"))
    }
}

/// Sorted by time within a machine; the random part keeps servers apart.
fn record_key(serial: &str, now: Timestamp) -> String {
    format!(
        "{}{:016x}-{:08x}",
        prefix(serial),
        now.as_microsecond(),
        rand::random::<u32>()
    )
}
