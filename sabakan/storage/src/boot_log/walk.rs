//! Reading the log of all machines without holding it: one page of records and one machine's events are in memory.

use super::{Record, bounds};
use crate::{Storage, StorageError, keys};
use neco_etcd::Kv;
use sabakan_model::{BootEvent, decode_stored};
use std::collections::VecDeque;

/// Records read at once; a few kilobytes each.
const PAGE: i64 = 500;

/// A walk through the boot log, machine by machine in the order of their keys. Records that are written meanwhile may be in it.
#[derive(Debug)]
pub struct BootLogWalk {
    storage: Storage,
    from: String,
    end: String,
    /// Records that were read and not given out.
    page: VecDeque<Kv>,
    done: bool,
}

impl BootLogWalk {
    pub(super) fn new(storage: Storage) -> Self {
        let (from, end) = bounds();
        Self {
            storage,
            from,
            end,
            page: VecDeque::new(),
            done: false,
        }
    }

    /// The next machine's serial and its events in the order of their times; `None` at the end.
    ///
    /// # Errors
    /// When etcd is away.
    pub async fn next(&mut self) -> Result<Option<(String, Vec<BootEvent>)>, StorageError> {
        self.read_ahead().await?;
        let Some(serial) = self.page.front().and_then(serial_of).map(str::to_owned) else {
            return Ok(None);
        };
        let mut events = Vec::new();
        // All records of a machine stand together: its serial and a `/` begin their keys.
        while let Some(record) = self.page.pop_front_if(|kv| serial_of(kv) == Some(&serial)) {
            if let Ok(record) = decode_stored::<Record>(&record.value) {
                events.extend(record.events);
            }
            self.read_ahead().await?;
        }
        events.sort_by_key(|event| event.at.instant());
        Ok(Some((serial, events)))
    }

    /// Sees to it that a record is at hand, unless there is none any more.
    async fn read_ahead(&mut self) -> Result<(), StorageError> {
        while self.page.is_empty() && !self.done {
            let page = self.storage.etcd().read_range(&self.from, &self.end, PAGE, 0).await;
            let page = page.map_err(StorageError::etcd("reading the boot log"))?;
            self.done = !page.more;
            if let Some(last) = page.kvs.last() {
                self.from = format!("{}\0", last.key);
            }
            // A key of another shape is none of ours.
            self.page = page.kvs.into_iter().filter(|kv| serial_of(kv).is_some()).collect();
        }
        Ok(())
    }
}

fn serial_of(kv: &Kv) -> Option<&str> {
    let (serial, _) = kv.key.strip_prefix(keys::BOOT_LOG)?.split_once('/')?;
    Some(serial)
}
