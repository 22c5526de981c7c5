//! Settings of the integration with sabakan.

use crate::cluster::encode_cluster;
use crate::{Storage, StorageError, Stored, keys};
use cke_model::Cluster;

/// Whose variables for queries to sabakan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variables {
    /// For machines to build the cluster of.
    Cluster,
    /// For machines to repair.
    AutoRepair,
}

impl Variables {
    const fn key(self) -> &'static str {
        match self {
            Self::Cluster => keys::SABAKAN_VARIABLES,
            Self::AutoRepair => keys::AUTO_REPAIR_VARIABLES,
        }
    }
}

impl Storage {
    /// URL of sabakan's GraphQL.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn sabakan_url(&self) -> Result<Option<String>, StorageError> {
        self.get_text(keys::SABAKAN_URL).await
    }

    /// Stores the URL of sabakan's GraphQL.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn put_sabakan_url(&self, url: &str) -> Result<(), StorageError> {
        self.put(keys::SABAKAN_URL, url).await
    }

    /// The template that clusters are generated from. Its revision tells whether a cluster is of it.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn sabakan_template(&self) -> Result<Option<Stored<Cluster>>, StorageError> {
        self.get(keys::SABAKAN_TEMPLATE).await
    }

    /// Stores the template, which must have been validated. `limit` is what etcd takes in one request.
    ///
    /// # Errors
    /// [`StorageError::TooLarge`], and see [`StorageError`].
    pub async fn put_sabakan_template(&self, template: &Cluster, limit: usize) -> Result<(), StorageError> {
        let value = encode_cluster(keys::SABAKAN_TEMPLATE, template, limit)?;
        self.put(keys::SABAKAN_TEMPLATE, value).await
    }

    /// Variables of a query, as JSON text as it was given.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn query_variables(&self, of: Variables) -> Result<Option<String>, StorageError> {
        self.get_text(of.key()).await
    }

    /// Stores variables of a query, which must have been validated.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn put_query_variables(&self, of: Variables, json: &str) -> Result<(), StorageError> {
        self.put(of.key(), json).await
    }
}
