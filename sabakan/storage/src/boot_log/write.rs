//! Writing queued events, many in one transaction.

use super::{RECORDS_PER_WRITE, Record, prefix};
use crate::{Storage, StorageError, WRITER};
use jiff::Timestamp;
use neco_etcd::Txn;
use sabakan_model::{BootEvent, to_go_json};
use std::collections::BTreeMap;
use tokio_util::sync::CancellationToken;

impl Storage {
    /// Writes queued events until it is cancelled, and what is left then.
    pub(crate) async fn write_boot_log(&self, stop: CancellationToken) {
        let Some(mut queue) = self.inner.boot_log.receiver.lock().take() else {
            return;
        };
        let limits = self.inner.boot_log.limits;
        while !stop.is_cancelled() {
            let mut events = Vec::new();
            tokio::select! {
                () = stop.cancelled() => {}
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
            self.flush(events).await;
        }
    }

    async fn flush(&self, events: Vec<(String, BootEvent)>) {
        let mut by_machine: BTreeMap<String, Vec<BootEvent>> = BTreeMap::new();
        for (serial, event) in events {
            by_machine.entry(serial).or_default().push(event);
        }
        let machines: Vec<_> = by_machine.into_iter().collect();
        for group in machines.chunks(RECORDS_PER_WRITE) {
            match self.write_records(group).await {
                Ok(()) => self.trim_machines(group.iter().map(|(serial, _)| serial)).await,
                Err(error) => {
                    let lost: usize = group.iter().map(|(_, events)| events.len()).sum();
                    self.inner
                        .metrics
                        .boot_events_dropped
                        .inc_by(u64::try_from(lost).unwrap_or(u64::MAX));
                    tracing::warn!(
                        lost,
                        error = &error as &dyn std::error::Error,
                        "boot events could not be stored"
                    );
                }
            }
        }
    }

    async fn write_records(&self, group: &[(String, Vec<BootEvent>)]) -> Result<(), StorageError> {
        let mut txn = Txn::new();
        for (serial, events) in group {
            let record = Record {
                writer: WRITER.to_owned(),
                reader: 1,
                events: events.clone(),
            };
            let value = to_go_json(&record).map_err(StorageError::encode)?;
            txn = txn.put(record_key(serial, self.now()), value);
        }
        // Written twice after an ambiguous answer would be two records: it is not tried again.
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
