//! Forgetting audit entries after 60 days.

use super::day_of;
use crate::{Storage, StorageError, keys};
use jiff::{SignedDuration, Timestamp};
use neco_etcd::Txn;
use sabakan_model::{GoTime, decode_stored, to_go_json};

/// Days that entries are kept, as the original's documents promise.
const RETENTION: SignedDuration = SignedDuration::from_hours(60 * 24);

/// One server of all compacts, no more often than this; an hour short of a day, so that it happens at about the same hour.
const INTERVAL: SignedDuration = SignedDuration::from_hours(23);

impl Storage {
    /// Deletes entries older than 60 days, if no server did so in the last 23 hours. Returns how many days went.
    ///
    /// # Errors
    /// When etcd is away.
    pub async fn compact_audit_log(&self) -> Result<usize, StorageError> {
        let now = self.now();
        if !self.claim_compaction(now).await? {
            return Ok(0);
        }
        let oldest = now.checked_sub(RETENTION).unwrap_or(Timestamp::MIN);
        let removed = self.remove_audit_days_before(&day_of(oldest)).await?;
        tracing::info!(days = removed, before = day_of(oldest), "compacted the audit log");
        Ok(removed)
    }

    /// Writes down that this server compacts now, unless it is not yet time or another server was faster.
    async fn claim_compaction(&self, now: Timestamp) -> Result<bool, StorageError> {
        const OP: &str = "claiming the compaction of the audit log";
        let last = self
            .etcd()
            .get(keys::AUDIT_LAST_GC)
            .await
            .map_err(StorageError::etcd(OP))?;
        let stamp = to_go_json(&GoTime::utc(now)).map_err(StorageError::encode)?;
        let guard = last.as_ref().map_or(0, |kv| kv.mod_revision);
        let due = match last.as_ref().map(|kv| decode_stored::<GoTime>(&kv.value)) {
            // The first one only notes the time, as the original does.
            None => false,
            Some(Ok(time)) => now.duration_since(time.instant()) >= INTERVAL,
            Some(Err(error)) => {
                tracing::warn!(key = keys::AUDIT_LAST_GC, %error, "the time of the last compaction cannot be read");
                true
            }
        };
        if !due && last.is_some() {
            return Ok(false);
        }
        let txn = Txn::new()
            .if_mod_revision(keys::AUDIT_LAST_GC, guard)
            .put(keys::AUDIT_LAST_GC, stamp);
        let outcome = self.etcd().commit(txn).await.map_err(StorageError::etcd(OP))?;
        Ok(due && outcome.succeeded)
    }

    /// Deletes day after day, each in a transaction of its own.
    async fn remove_audit_days_before(&self, oldest: &str) -> Result<usize, StorageError> {
        const OP: &str = "compacting the audit log";
        let end = keys::audit_day(oldest);
        let mut removed = 0;
        loop {
            let page = self
                .etcd()
                .read_range(keys::AUDIT, &end, 1, 0)
                .await
                .map_err(StorageError::etcd(OP))?;
            let Some(first) = page.kvs.first() else {
                return Ok(removed);
            };
            let day = first.key[keys::AUDIT.len()..].split_once('/');
            let txn = match day {
                Some((day, _)) => Txn::new().delete_prefix(keys::audit_day(day)),
                // Not an entry, but older than all that are kept.
                None => Txn::new().delete(&first.key),
            };
            self.etcd().commit(txn).await.map_err(StorageError::etcd(OP))?;
            removed += 1;
        }
    }
}
