//! Who leads.

use crate::{Storage, StorageError, keys};
use neco_etcd::{Election, Guard, Outcome, Response};
use std::time::Duration;

impl Storage {
    /// The election of the leader, to stand for as `hostname`. It is the original's: a leader of either kind excludes the
    /// other.
    #[must_use]
    pub fn election(&self, hostname: &str, ttl: Duration) -> Election {
        self.etcd.election(keys::LEADER, hostname, ttl)
    }

    /// The host name of the leader, or none where nobody leads.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn leader(&self) -> Result<Option<String>, StorageError> {
        let candidates = self.prefix(keys::LEADER).await?;
        let oldest = candidates.into_iter().min_by_key(|kv| kv.create_revision);
        oldest.map(crate::value::text).transpose()
    }
}

/// Whether a transaction of a leader failed for another reason than that it leads no more. The last thing that it read is
/// the leader's key.
pub(crate) fn still_leads(leader: &Guard, outcome: &Outcome) -> bool {
    let Some(Response::Kvs(kvs)) = outcome.responses.last() else {
        return false;
    };
    match (leader, kvs.first()) {
        (Guard::CreateRevision(_, revision), Some(kv)) => kv.create_revision == *revision,
        (_, found) => found.is_some(),
    }
}
