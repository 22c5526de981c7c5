//! Finishing what other servers left, and forgetting what is long finished.

use super::drive::Journal;
use super::layout::Record;
use crate::{Storage, StorageError, keys};
use jiff::SignedDuration;
use neco_etcd::Txn;
use sabakan_model::decode_stored;
use std::time::Instant;

/// How long the end of a registration can be asked for. Whoever began it asks at once.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(1);

impl Storage {
    /// Works on registrations on which nothing has happened for a while.
    pub(crate) async fn finish_abandoned_registrations(&self) {
        for id in self.abandoned() {
            tracing::info!(journal = id, "finishing a registration that another server left");
            match Journal::new(self.clone(), id.clone()).drive().await {
                Ok((ending, revision)) => tracing::info!(journal = id, ?ending, revision, "finished a registration"),
                Err(error) => {
                    tracing::warn!(
                        journal = id,
                        error = &error as &dyn std::error::Error,
                        "a registration is not finished"
                    );
                }
            }
        }
    }

    /// Journals whose activity has not changed for the time of the options.
    fn abandoned(&self) -> Vec<String> {
        let now = self.inner.world.read().journals.activity();
        let mut watched = self.inner.journals_seen.lock();
        watched.retain(|id, _| now.contains_key(id));
        let patience = self.inner.options.journal_patience;
        now.into_iter()
            .filter(|(id, activity)| {
                let seen = watched.entry(id.clone()).or_insert((*activity, Instant::now()));
                if seen.0 != *activity {
                    *seen = (*activity, Instant::now());
                }
                seen.1.elapsed() >= patience
            })
            .map(|(id, _)| id)
            .collect()
    }

    /// Deletes the ends of old registrations.
    pub(crate) async fn forget_finished_registrations(&self) -> Result<(), StorageError> {
        const OP: &str = "forgetting finished registrations";
        let now = self.now();
        let all = self
            .etcd()
            .read_prefix(keys::REGISTRATION_RESULTS)
            .await
            .map_err(StorageError::etcd(OP))?;
        for kv in all.kvs {
            let record: Result<Record, _> = decode_stored(&kv.value);
            let old = record.map_or(true, |r| now.duration_since(r.at.instant()) > REMEMBERED);
            if old {
                let txn = Txn::new().if_mod_revision(&kv.key, kv.mod_revision).delete(&kv.key);
                self.etcd().commit(txn).await.map_err(StorageError::etcd(OP))?;
            }
        }
        Ok(())
    }
}
