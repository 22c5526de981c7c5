//! What the leader is at.

use crate::value::encode;
use crate::{Storage, StorageError, keys};
use cke_model::ServerStatus;
use neco_etcd::{Guard, Txn};

impl Storage {
    /// What the leader is at; none while nobody leads.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn status(&self) -> Result<Option<ServerStatus>, StorageError> {
        Ok(self.get(keys::STATUS).await?.map(|stored| stored.value))
    }

    /// Stores what the leader is at. It goes with the leader's lease.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn put_status(&self, leader: &Guard, lease: i64, status: &ServerStatus) -> Result<(), StorageError> {
        let txn = Txn::new().put_with_lease(keys::STATUS, encode(keys::STATUS, status)?, lease);
        self.commit_as(leader, keys::STATUS, txn).await?;
        Ok(())
    }
}
