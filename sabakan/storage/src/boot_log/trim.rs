//! Keeping the log of each machine and of all within bounds.

use super::{RECORDS_PER_WRITE, prefix};
use crate::{Storage, StorageError};
use neco_etcd::Txn;
use std::collections::HashMap;

/// More machines than any data center has. Any host can ask for the script of a serial that it makes up, so there have to be bounds;
/// past them the counts are begun anew.
const MOST_COUNTED: usize = 200_000;

impl Storage {
    /// Looks after machines for which this server wrote many records, and after all that it has not looked at yet.
    pub(super) async fn trim_machines(&self, serials: impl Iterator<Item = &String>) {
        let limit = self.inner.boot_log.limits.per_machine.max(1);
        let due: Vec<_> = {
            let mut written = self.inner.boot_log.written.lock();
            serials.filter(|s| is_due(&mut written, s, limit)).cloned().collect()
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
        let mut names = Vec::new();
        self.each_boot_record(|kv| names.push(kv.key)).await?;
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

/// Counts a record of a machine; is it time to look how many it has?
fn is_due(written: &mut HashMap<String, usize>, serial: &str, limit: usize) -> bool {
    if written.len() >= MOST_COUNTED && !written.contains_key(serial) {
        written.clear();
    }
    let first = !written.contains_key(serial);
    let n = written.entry(serial.to_owned()).or_default();
    *n += 1;
    let due = first || *n > limit / 4;
    if due {
        *n = 0;
    }
    due
}

/// The part of a record's key that sorts by time.
fn time_of(key: &str) -> &str {
    key.rsplit('/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_looked_after_at_first_and_each_quarter_of_its_limit() {
        let mut written = HashMap::new();
        let due: Vec<bool> = (0..7).map(|_| is_due(&mut written, "a", 8)).collect();
        assert_eq!(due, [true, false, false, true, false, false, true]);
    }

    #[test]
    fn made_up_names_take_no_memory_without_end() {
        let mut written: HashMap<String, usize> = (0..MOST_COUNTED).map(|n| (n.to_string(), 0)).collect();
        assert!(!is_due(&mut written, "7", 8));
        assert!(is_due(&mut written, "made up", 8));
        assert_eq!(written.len(), 1);
    }
}
