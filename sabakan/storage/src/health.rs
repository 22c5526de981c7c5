//! Whether etcd answers.

use crate::{Storage, StorageError};
use neco_etcd::Error as EtcdError;
use std::time::Duration;

/// How long the check may take; load balancers ask often and wait little.
const LIMIT: Duration = Duration::from_secs(5);

impl Storage {
    /// Asks etcd for a linearizable answer. That the user may not read the asked key is an answer.
    ///
    /// # Errors
    /// When none comes within five seconds.
    pub async fn health(&self) -> Result<(), StorageError> {
        const OP: &str = "the health check";
        match tokio::time::timeout(LIMIT, self.etcd().health()).await {
            Ok(Ok(_) | Err(EtcdError::PermissionDenied { .. })) => Ok(()),
            Ok(Err(error)) => Err(StorageError::etcd(OP)(error)),
            Err(_) => Err(StorageError::etcd(OP)(EtcdError::Timeout {
                op: "health".to_owned(),
                after: LIMIT,
            })),
        }
    }
}
