//! What can go wrong, as a caller must tell it apart.

use cke_model::cluster::TooLarge;

/// Why an operation on the state failed.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// etcd did not do it.
    #[error("etcd did not serve {key}")]
    Etcd {
        /// The key that it was about.
        key: String,
        /// What etcd said.
        #[source]
        source: neco_etcd::Error,
    },
    /// There is no such thing.
    #[error("{key}: not found")]
    NotFound {
        /// The key.
        key: String,
    },
    /// A value in etcd cannot be read.
    #[error("the value of {key} in etcd cannot be read: {reason}")]
    Unreadable {
        /// The key.
        key: String,
        /// Why.
        reason: String,
    },
    /// A value cannot be written.
    #[error("a value for {key} cannot be written: {reason}")]
    Encode {
        /// The key.
        key: String,
        /// Why.
        reason: String,
    },
    /// Nothing was written: this process leads no more.
    #[error("leadership is lost: {key} was not written")]
    LostLeadership {
        /// The key.
        key: String,
    },
    /// Nothing was written: somebody else has written in between.
    #[error("{key} was changed by somebody else in the meantime")]
    Conflict {
        /// The key.
        key: String,
    },
    /// The cluster is too large for one request to etcd.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
}

impl StorageError {
    pub(crate) fn etcd(key: &str) -> impl FnOnce(neco_etcd::Error) -> Self + use<> {
        let key = key.to_owned();
        move |source| Self::Etcd { key, source }
    }

    pub(crate) fn unreadable(key: &str, reason: impl std::fmt::Display) -> Self {
        Self::Unreadable {
            key: key.to_owned(),
            reason: reason.to_string(),
        }
    }

    pub(crate) fn not_found(key: &str) -> Self {
        Self::NotFound { key: key.to_owned() }
    }

    pub(crate) fn conflict(key: &str) -> Self {
        Self::Conflict { key: key.to_owned() }
    }

    /// Whether the trouble is etcd's state: the same may pass later.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Etcd { source, .. } if source.is_unavailable())
    }

    /// Whether there is no such thing.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }
}
