//! Writes. None of them is sent twice unless it is known that the first did not happen.

use super::Etcd;
use super::attempt::Ask;
use crate::cluster::Header;
use crate::error::Error;
use crate::retry::Safety;
use crate::txn::{Outcome, Txn, decode, encode};

impl Etcd {
    /// Writes a key, whatever it was before, and gives the revision of the write.
    ///
    /// # Errors
    /// [`Error::Ambiguous`] when it may have happened, and see [`Error`].
    pub async fn put(&self, key: &str, value: impl Into<Vec<u8>>) -> Result<i64, Error> {
        let value = value.into();
        let absolute = self.absolute(key);
        let ask = Ask::write("put", key, absolute.len() + value.len());
        self.shared()
            .run(ask, |client| {
                let (key, value) = (absolute.clone(), value.clone());
                async move {
                    let answer = client.kv_client().put(key, value, None).await?;
                    let header = Header::of(answer.header());
                    Ok((header, header.revision))
                }
            })
            .await
    }

    /// Deletes a key; says whether there was one.
    ///
    /// # Errors
    /// [`Error::Ambiguous`] when it may have happened, and see [`Error`].
    pub async fn delete(&self, key: &str) -> Result<bool, Error> {
        let absolute = self.absolute(key);
        self.shared()
            .run(Ask::write("delete", key, 0), |client| {
                let key = absolute.clone();
                async move {
                    let answer = client.kv_client().delete(key, None).await?;
                    Ok((Header::of(answer.header()), answer.deleted() > 0))
                }
            })
            .await
    }

    /// Commits a transaction. That a guard did not hold is no error: see [`Outcome::succeeded`].
    ///
    /// # Errors
    /// [`Error::Ambiguous`] when it may have happened, [`Error::TooManyOperations`] and [`Error::TooLarge`] past etcd's
    /// limits, and see [`Error`].
    pub async fn commit(&self, txn: Txn) -> Result<Outcome, Error> {
        let ask = Ask {
            operations: txn.operations(),
            safety: if txn.only_reads() { Safety::Read } else { Safety::Write },
            ..Ask::write("commit", txn.subject(), txn.bytes(self.prefix()))
        };
        let shared = self.shared();
        let encoded = encode(&txn, &shared.prefix);
        shared
            .run(ask, |client| {
                let txn = encoded.clone();
                async move {
                    let answer = client.kv_client().txn(txn).await?;
                    Ok(decode(&answer, &shared.prefix))
                }
            })
            .await
    }

    /// Drops the history before `revision`: reads at older revisions and watches from them are refused from then on.
    /// Compacting what is compacted already is no error.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn compact(&self, revision: i64) -> Result<(), Error> {
        // Doing it twice is the same as once.
        let ask = Ask::read("compact", "").about(revision);
        let done = self.shared().run(ask, |client| async move {
            let answer = client.kv_client().compact(revision, None).await?;
            Ok((Header::of(answer.header()), ()))
        });
        match done.await {
            Err(Error::Compacted { .. }) => Ok(()),
            other => other,
        }
    }
}
