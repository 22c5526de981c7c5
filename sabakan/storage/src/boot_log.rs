//! What machines did while booting, as all servers saw it.
//!
//! Events wait in a bounded queue and are written together: those of one machine within a moment are one record, and records
//! of many machines are one transaction. A storm of boots so costs etcd little. Events wait while etcd is away; what does not
//! fit is dropped and counted: the log helps people, machines boot without it.

use crate::options::BootLogLimits;
use crate::{Storage, StorageError, keys};
use neco_etcd::Kv;
use parking_lot::Mutex;
use sabakan_model::{BootEvent, decode_stored};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use tokio::sync::mpsc;

mod trim;
mod walk;
mod write;

pub use walk::BootLogWalk;

/// Records in one transaction.
const RECORDS_PER_WRITE: usize = 100;

/// Records read at once.
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

    /// Begins a walk over the log of all machines.
    #[must_use]
    pub fn boot_logs(&self) -> BootLogWalk {
        BootLogWalk::new(self.clone())
    }

    /// Walks over all records, page by page.
    async fn each_boot_record(&self, mut take: impl FnMut(Kv)) -> Result<(), StorageError> {
        let (mut from, end) = bounds();
        loop {
            let page = self.etcd().read_range(&from, &end, PAGE, 0).await;
            let page = page.map_err(StorageError::etcd("reading the boot log"))?;
            let Some(last) = page.kvs.last() else { return Ok(()) };
            from = format!("{}\0", last.key);
            page.kvs.into_iter().for_each(&mut take);
            if !page.more {
                return Ok(());
            }
        }
    }
}

/// Where the records of all machines begin and end.
fn bounds() -> (String, String) {
    // '0' follows '/': the end of everything below the prefix.
    let end = format!("{}0", keys::BOOT_LOG.trim_end_matches('/'));
    (keys::BOOT_LOG.to_owned(), end)
}

/// The prefix of a machine's records.
fn prefix(serial: &str) -> String {
    format!("{}{serial}/", keys::BOOT_LOG)
}
