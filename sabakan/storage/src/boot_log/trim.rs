//! Keeping the log of each machine and of all within bounds.

use super::{RECORDS_PER_WRITE, prefix};
use crate::{Storage, StorageError};
use neco_etcd::Txn;

impl Storage {
    /// Looks after machines for which this server wrote many records, and after all that it has not looked at yet.
    pub(super) async fn trim_machines(&self, serials: impl Iterator<Item = &String>) {
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

/// The part of a record's key that sorts by time.
fn time_of(key: &str) -> &str {
    key.rsplit('/').next().unwrap_or_default()
}
