//! Committing a change together with its audit entry.

use super::{Actor, AuditDraft, day_of, render};
use crate::{Storage, StorageError, keys};
use neco_etcd::{Error as EtcdError, Kv, Outcome, Response, Txn};
use std::time::Duration;

/// How often a transaction of unknown fate is sent again before the uncertainty is handed to the caller.
const MAX_UNCERTAIN: u32 = 5;

impl Storage {
    /// Commits `txn` and an audit entry of it at one revision, or neither.
    ///
    /// The outcome is that of `txn`: `succeeded` is false when a guard of `txn` did not hold. When the first answer was lost
    /// and the commit was confirmed afterwards, `responses` is empty. `txn` may have at most 127 guards and operations.
    ///
    /// # Errors
    /// When etcd refuses or is away. [`neco_etcd::Error::Ambiguous`] remains only when etcd could not be asked again.
    pub async fn commit_audited(&self, actor: &Actor, draft: AuditDraft, txn: Txn) -> Result<Outcome, StorageError> {
        let read = self.etcd().get_with_revision(keys::AUDIT_LAST_GC).await;
        let (_, revision) = read.map_err(StorageError::etcd("reading the revision for an audit entry"))?;
        self.commit_audited_at(actor, &draft, &txn, revision).await
    }

    /// The same for a caller that has just read at `revision`.
    pub(crate) async fn commit_audited_at(
        &self,
        actor: &Actor,
        draft: &AuditDraft,
        txn: &Txn,
        revision: i64,
    ) -> Result<Outcome, StorageError> {
        let outcome = self.commit_entry(actor, draft, txn, revision + 1).await?;
        if outcome.succeeded {
            tell(actor, draft, outcome.revision);
            self.settle(outcome.revision).await;
        }
        Ok(outcome)
    }

    async fn commit_entry(
        &self,
        actor: &Actor,
        draft: &AuditDraft,
        txn: &Txn,
        expected: i64,
    ) -> Result<Outcome, StorageError> {
        let now = self.now();
        let key = keys::audit(&day_of(now), expected, rand::random());
        let entry = render(actor, draft, now, expected).map_err(StorageError::encode)?;
        // The entry's guard and read come last, so that the caller's responses keep their places.
        let full = txn.clone().if_absent(&key).put(&key, entry).or_else_get(&key);
        let mut outcome = self.commit_certainly(full).await?;
        let last = outcome.responses.pop();
        if outcome.succeeded {
            return Ok(outcome);
        }
        // Nobody else has this key: where it is there, an attempt whose answer was lost has happened.
        Ok(stored(last).map_or(outcome, |kv| Outcome {
            succeeded: true,
            revision: kv.mod_revision,
            responses: Vec::new(),
        }))
    }

    /// Sends a transaction that can happen only once until its fate is known.
    async fn commit_certainly(&self, txn: Txn) -> Result<Outcome, StorageError> {
        let mut uncertain: Option<EtcdError> = None;
        for attempt in 0..MAX_UNCERTAIN {
            match self.etcd().commit(txn.clone()).await {
                Ok(outcome) => return Ok(outcome),
                Err(error) if error.is_ambiguous() => uncertain = Some(error),
                Err(error) if uncertain.is_some() && error.is_unavailable() => {}
                // Refused before anything was in doubt, or refused for good: what was in doubt stays so.
                Err(error) => return Err(failed(uncertain.unwrap_or(error))),
            }
            tokio::time::sleep(Duration::from_millis(50 << attempt)).await;
        }
        // The loop ends here only after an uncertain attempt.
        Err(uncertain.map_or(
            StorageError::Contention {
                op: "storing an audit entry",
                attempts: MAX_UNCERTAIN,
            },
            failed,
        ))
    }
}

fn failed(source: EtcdError) -> StorageError {
    StorageError::Etcd {
        op: "storing a change with its audit entry",
        source,
    }
}

fn tell(actor: &Actor, draft: &AuditDraft, revision: i64) {
    tracing::info!(
        request_id = actor.request_id,
        user = actor.user,
        category = draft.category.as_str(),
        instance = draft.instance,
        action = draft.action,
        revision,
        "changed state in etcd"
    );
}

fn stored(response: Option<Response>) -> Option<Kv> {
    match response {
        Some(Response::Kvs(kvs)) => kvs.into_iter().next(),
        _ => None,
    }
}
