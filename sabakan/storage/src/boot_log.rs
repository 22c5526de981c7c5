//! What machines did while booting, as all servers saw it.
//!
//! Events wait in a bounded queue and are written together: those of one machine within a moment are one record, and records
//! of many machines are one transaction. A storm of boots so costs etcd little, and what does not fit is dropped and
//! counted: the log helps people, machines boot without it.

use crate::options::BootLogLimits;
use crate::{Storage, StorageError, WRITER, keys};
use jiff::Timestamp;
use neco_etcd::Txn;
use parking_lot::Mutex;
use sabakan_model::{BootEvent, decode_stored, to_go_json};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Records in one transaction.
const RECORDS_PER_WRITE: usize = 100;

/// Records read at once while trimming.
const PAGE: i64 = 1000;

/// The queue, and what this server knows about the store.
pub(crate) struct BootLog {
    limits: BootLogLimits,
    sender: mpsc::Sender<(String, BootEvent)>,
    receiver: Mutex<Option<mpsc::Receiver<(String, BootEvent)>>>,
    /// Records that this server wrote for a machine since it last looked how many there are.
    written: Mutex<HashMap<String, usize>>,
}

impl BootLog {
    pub(crate) fn new(limits: BootLogLimits) -> Self {
        let (sender, receiver) = mpsc::channel(limits.queue.max(1));
        Self {
            limits,
            sender,
            receiver: Mutex::new(Some(receiver)),
            written: Mutex::default(),
        }
    }
}

/// Events of one machine that were written together.
#[derive(Serialize, Deserialize)]
struct Record {
    writer: String,
    reader: u32,
    events: Vec<BootEvent>,
}

impl Storage {
    /// Puts an event of a machine into the queue. `false`: it was full, or the name is none, and the event is dropped.
    pub fn record_boot_event(&self, serial: &str, event: BootEvent) -> bool {
        let kept = keys::is_segment(serial) && self.inner.boot_log.sender.try_send((serial.to_owned(), event)).is_ok();
        if !kept {
            self.inner.metrics.boot_events_dropped.inc();
        }
        kept
    }

    /// The stored events of a machine, in the order of their times.
    ///
    /// # Errors
    /// When etcd is away.
    pub async fn boot_log(&self, serial: &str) -> Result<Vec<BootEvent>, StorageError> {
        if !keys::is_segment(serial) {
            return Ok(Vec::new());
        }
        let all = self
            .etcd()
            .read_prefix(&prefix(serial))
            .await
            .map_err(StorageError::etcd("reading the boot log"))?;
        let records = all.kvs.iter().filter_map(|kv| decode_stored::<Record>(&kv.value).ok());
        let mut events: Vec<_> = records.flat_map(|record| record.events).collect();
        events.sort_by_key(|event| event.at.instant());
        Ok(events)
    }

    /// What is kept of the boots of every machine, by serial, each in order of time.
    ///
    /// # Errors
    /// Trouble of etcd.
    pub async fn boot_logs(&self) -> Result<BTreeMap<String, Vec<BootEvent>>, StorageError> {
        let all = self
            .etcd()
            .read_prefix(keys::BOOT_LOG)
            .await
            .map_err(StorageError::etcd("reading the boot log"))?;
        let mut machines: BTreeMap<String, Vec<BootEvent>> = BTreeMap::new();
        for kv in &all.kvs {
            let serial = kv
                .key
                .strip_prefix(keys::BOOT_LOG)
                .and_then(|rest| rest.split('/').next());
            if let (Some(serial), Ok(record)) = (serial, decode_stored::<Record>(&kv.value)) {
                machines.entry(serial.to_owned()).or_default().extend(record.events);
            }
        }
        for events in machines.values_mut() {
            events.sort_by_key(|event| event.at.instant());
        }
        Ok(machines)
    }

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

    /// Looks after machines for which this server wrote many records, and after all that it has not looked at yet.
    async fn trim_machines(&self, serials: impl Iterator<Item = &String>) {
        let limit = self.inner.boot_log.limits.per_machine.max(1);
        let due: Vec<_> = {
            let mut written = self.inner.boot_log.written.lock();
            let mut count = |serial: &String| {
                let first = !written.contains_key(serial);
                let n = written.entry(serial.clone()).or_default();
                *n += 1;
                let due = first || *n > limit / 4;
                if due {
                    *n = 0;
                }
                due
            };
            serials.filter(|s| count(s)).cloned().collect()
        };
        for serial in due {
            if let Err(error) = self.trim_machine(&serial, limit).await {
                tracing::warn!(
                    machine.serial = serial,
                    error = &error as &dyn std::error::Error,
                    "boot log not trimmed"
                );
            }
        }
    }

    async fn trim_machine(&self, serial: &str, limit: usize) -> Result<(), StorageError> {
        let all = self
            .etcd()
            .read_prefix(&prefix(serial))
            .await
            .map_err(StorageError::etcd("reading the boot log"))?;
        let surplus = all.kvs.len().saturating_sub(limit);
        self.delete_records(all.kvs.into_iter().take(surplus).map(|kv| kv.key).collect())
            .await
    }

    /// Deletes the oldest records of all machines beyond the limit.
    ///
    /// # Errors
    /// When etcd is away.
    pub async fn trim_boot_log(&self) -> Result<(), StorageError> {
        let (mut from, end) = (
            keys::BOOT_LOG.to_owned(),
            format!("{}0", keys::BOOT_LOG.trim_end_matches('/')),
        );
        let mut names = Vec::new();
        loop {
            let page = self.etcd().read_range(&from, &end, PAGE, 0).await;
            let page = page.map_err(StorageError::etcd("reading the boot log"))?;
            let Some(last) = page.kvs.last() else { break };
            from = format!("{}\0", last.key);
            names.extend(page.kvs.into_iter().map(|kv| kv.key));
            if !page.more {
                break;
            }
        }
        let surplus = names.len().saturating_sub(self.inner.boot_log.limits.total);
        names.sort_unstable_by(|a, b| time_of(a).cmp(time_of(b)));
        names.truncate(surplus);
        self.delete_records(names).await
    }

    async fn delete_records(&self, keys: Vec<String>) -> Result<(), StorageError> {
        for group in keys.chunks(RECORDS_PER_WRITE) {
            let txn = group.iter().fold(Txn::new(), Txn::delete);
            self.etcd()
                .commit(txn)
                .await
                .map_err(StorageError::etcd("trimming the boot log"))?;
        }
        Ok(())
    }
}

fn prefix(serial: &str) -> String {
    format!("{}{serial}/", keys::BOOT_LOG)
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

/// The part of a record's key that sorts by time.
fn time_of(key: &str) -> &str {
    key.rsplit('/').next().unwrap_or_default()
}
