//! What can go wrong with images and assets, as a caller must tell it apart.

use http::StatusCode;
use neco_etcd::Error as EtcdError;

use crate::{archive::ArchiveError, disk::DiskError};

/// Why an operation on images or assets failed.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// There is no such image or asset, or not on this server.
    #[error("{what} {name} is not found")]
    NotFound {
        /// `image` or `asset`.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// The name is taken or used up.
    #[error("{0}")]
    Conflict(String),
    /// The request itself is wrong.
    #[error("{0}")]
    BadRequest(String),
    /// More bytes than allowed.
    #[error("too large: at most {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// The length of the body must be said beforehand.
    #[error("Content-Length lacks")]
    LengthRequired,
    /// The client stopped sending, or sent nothing for too long.
    #[error("the upload broke off: {0}")]
    BrokenOff(String),
    /// No server is known that could give it.
    #[error("no other server has {0} at the moment; try again")]
    NoPeer(String),
    /// The disk refused.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// etcd refused or is away.
    #[error("etcd: {op} failed")]
    Etcd {
        /// What was tried.
        op: &'static str,
        /// Why it failed.
        #[source]
        source: EtcdError,
    },
    /// The audited change was not stored.
    #[error("storing the change failed")]
    Storage(#[from] sabakan_storage::StorageError),
    /// A value in etcd cannot be read, so that nothing may be written over it.
    #[error("the value of {key} in etcd cannot be read: {reason}")]
    Unreadable {
        /// The key, relative to the prefix.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Others changed the same thing again and again.
    #[error("{0} lost against other writers; try again")]
    Contention(&'static str),
    /// A defect of this program.
    #[error("{0}")]
    Internal(String),
}

impl FilesError {
    pub(crate) fn etcd(op: &'static str) -> impl FnOnce(EtcdError) -> Self {
        move |source| Self::Etcd { op, source }
    }

    pub(crate) fn unreadable(key: &str, reason: impl std::fmt::Display) -> Self {
        Self::Unreadable {
            key: key.to_owned(),
            reason: reason.to_string(),
        }
    }

    pub(crate) fn internal(reason: impl std::fmt::Display) -> Self {
        Self::Internal(reason.to_string())
    }

    /// The HTTP status that says it.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NotFound { .. } => StatusCode::NOT_FOUND,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::LengthRequired => StatusCode::LENGTH_REQUIRED,
            Self::BrokenOff(_) => StatusCode::REQUEST_TIMEOUT,
            Self::Disk(DiskError::Full { .. }) => StatusCode::INSUFFICIENT_STORAGE,
            Self::NoPeer(_) | Self::Contention(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Etcd { source, .. } if source.is_unavailable() => StatusCode::SERVICE_UNAVAILABLE,
            Self::Storage(error) if error.is_unavailable() => StatusCode::SERVICE_UNAVAILABLE,
            Self::Disk(_) | Self::Etcd { .. } | Self::Storage(_) | Self::Unreadable { .. } | Self::Internal(_) => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        }
    }
}

impl From<ArchiveError> for FilesError {
    fn from(error: ArchiveError) -> Self {
        match error {
            ArchiveError::Disk(error) => Self::Disk(error),
            ArchiveError::TooLarge { limit } => Self::TooLarge { limit },
            ArchiveError::Read { source } => Self::BrokenOff(source.to_string()),
            other => Self::BadRequest(other.to_string()),
        }
    }
}
