//! Following the history.

use super::Records;
use crate::value::decode;
use crate::{StorageError, Unreadable, keys};
use cke_model::Record;
use neco_etcd::{Event, Kv, Watch, WatchItem};
use std::collections::VecDeque;

/// Records as they come: the last few first, then each one whenever it is written.
#[derive(Debug)]
pub struct RecordWatch {
    waiting: VecDeque<Kv>,
    watch: Watch,
    /// The last revision that was handed out.
    seen: i64,
}

impl Records<'_> {
    /// Follows the history, beginning with its last `count` records, oldest first.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn watch(&self, count: i64) -> Result<RecordWatch, StorageError> {
        let (kvs, revision) = self.tail(count).await?;
        Ok(RecordWatch {
            waiting: kvs.into(),
            watch: self.storage.etcd.watch(keys::RECORDS, revision),
            seen: revision,
        })
    }
}

impl RecordWatch {
    /// The next record; it waits through outages of etcd. What cannot be read is named in the log and passed over.
    ///
    /// # Errors
    /// What waiting does not mend.
    pub async fn next(&mut self) -> Result<Record, StorageError> {
        loop {
            while let Some(kv) = self.waiting.pop_front() {
                match decode(&kv) {
                    Ok(record) => return Ok(record),
                    Err(error) => drop(Unreadable::note(&kv.key, &error)),
                }
            }
            let item = self.watch.next().await.map_err(StorageError::etcd(keys::RECORDS))?;
            self.take(item);
        }
    }

    fn take(&mut self, item: WatchItem) {
        let revision = item.revision();
        match item {
            WatchItem::Events { events, .. } => {
                self.waiting.extend(events.into_iter().filter_map(|event| match event {
                    Event::Put(kv) => Some(kv),
                    Event::Delete { .. } => None,
                }))
            }
            WatchItem::Resync(now) => {
                let seen = self.seen;
                self.waiting
                    .extend(now.kvs.into_iter().filter(|kv| kv.mod_revision > seen));
            }
        }
        self.seen = revision;
    }
}
