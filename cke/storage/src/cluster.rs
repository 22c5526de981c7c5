//! The declared cluster, its constraints, and the version of how it is built.

use crate::value::{decode, encode, number};
use crate::{ATTEMPTS, Storage, StorageError, Stored, keys};
use cke_model::cluster::check_size;
use cke_model::names::FIRST_CONFIG_VERSION;
use cke_model::{Cluster, Constraints};
use neco_etcd::{Guard, Txn};

impl Storage {
    /// The declared cluster.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn cluster(&self) -> Result<Option<Stored<Cluster>>, StorageError> {
        self.get(keys::CLUSTER).await
    }

    /// The declared cluster, for who cannot go on without one.
    ///
    /// # Errors
    /// [`StorageError::NotFound`] where there is none, and see [`StorageError`].
    pub async fn require_cluster(&self) -> Result<Cluster, StorageError> {
        let cluster = self.cluster().await?;
        let stored = cluster.ok_or_else(|| StorageError::not_found(keys::CLUSTER))?;
        Ok(stored.value)
    }

    /// Stores an operator's cluster if it is still the one that was read at `read` (0: none was there). `limit` is what
    /// etcd takes in one request.
    ///
    /// # Errors
    /// [`StorageError::TooLarge`], [`StorageError::Conflict`], and see [`StorageError`].
    pub async fn put_cluster(&self, cluster: &Cluster, read: i64, limit: usize) -> Result<(), StorageError> {
        let value = encode_cluster(keys::CLUSTER, cluster, limit)?;
        if self.swap(keys::CLUSTER, value, read).await? {
            return Ok(());
        }
        Err(StorageError::conflict(keys::CLUSTER))
    }

    /// Stores a generated cluster together with the revision of its template, if the stored cluster is still the one that
    /// was read at `read`.
    ///
    /// # Errors
    /// [`StorageError::TooLarge`], [`StorageError::Conflict`], and see [`StorageError`].
    pub async fn put_generated_cluster(
        &self,
        leader: &Guard,
        generated: &Cluster,
        template_revision: i64,
        read: i64,
        limit: usize,
    ) -> Result<(), StorageError> {
        let txn = Txn::new()
            .if_mod_revision(keys::CLUSTER, read)
            .put(keys::CLUSTER, encode_cluster(keys::CLUSTER, generated, limit)?)
            .put(keys::CLUSTER_REVISION, template_revision.to_string());
        if self.commit_as(leader, keys::CLUSTER, txn).await? {
            return Ok(());
        }
        Err(StorageError::conflict(keys::CLUSTER))
    }

    /// The revision of the template that the cluster was generated from; 0 where it was not.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn template_revision_of_cluster(&self) -> Result<i64, StorageError> {
        self.kv(keys::CLUSTER_REVISION).await?.map_or(Ok(0), number)
    }

    /// The stored constraints; none where the documented defaults hold.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn constraints(&self) -> Result<Option<Constraints>, StorageError> {
        Ok(self.get(keys::CONSTRAINTS).await?.map(|stored| stored.value))
    }

    /// Changes the constraints, from the documented defaults where none are stored, and gives what they were and are.
    ///
    /// # Errors
    /// [`StorageError::Conflict`] when others change them all the time, and see [`StorageError`].
    pub async fn change_constraints(
        &self,
        change: impl Fn(&mut Constraints),
    ) -> Result<(Constraints, Constraints), StorageError> {
        for _ in 0..ATTEMPTS {
            let kv = self.kv(keys::CONSTRAINTS).await?;
            let (before, revision) = match &kv {
                Some(kv) => (decode(kv)?, kv.mod_revision),
                None => (Constraints::documented_defaults(), 0),
            };
            let mut after = before.clone();
            change(&mut after);
            if self
                .swap(keys::CONSTRAINTS, encode(keys::CONSTRAINTS, &after)?, revision)
                .await?
            {
                return Ok((before, after));
            }
        }
        Err(StorageError::conflict(keys::CONSTRAINTS))
    }

    /// The version of how the cluster was built.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn config_version(&self) -> Result<String, StorageError> {
        let stored = self.get_text(keys::CONFIG_VERSION).await?;
        Ok(stored.unwrap_or_else(|| FIRST_CONFIG_VERSION.to_owned()))
    }

    /// Stores the version of how the cluster was built.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn put_config_version(&self, leader: &Guard, version: &str) -> Result<(), StorageError> {
        self.put_as(leader, keys::CONFIG_VERSION, version).await
    }
}

pub(crate) fn encode_cluster(key: &str, cluster: &Cluster, limit: usize) -> Result<Vec<u8>, StorageError> {
    let value = encode(key, cluster)?;
    check_size(value.len(), cluster.nodes.len(), limit)?;
    Ok(value)
}
