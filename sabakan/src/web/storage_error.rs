//! Which status a failure of the storage is. Statuses that clients of the original know stay, even where 500 is an odd
//! word for a rule that was broken.

use super::error::ApiError;
use http::StatusCode;
use neco_etcd::Error as EtcdError;
use sabakan_storage::StorageError;

/// Seconds after which a client should try again while etcd is away: about as long as an election of its leader.
const RETRY_SECONDS: u32 = 5;

impl From<StorageError> for ApiError {
    fn from(error: StorageError) -> Self {
        log(&error);
        match &error {
            StorageError::NotFound { .. } => Self::not_found(&error),
            StorageError::Conflict(_) | StorageError::Quota { .. } => Self::conflict(&error),
            StorageError::BadRequest(_) | StorageError::EncryptionKeyExists { .. } => Self::bad_request(&error),
            StorageError::Etcd { source, .. } => from_etcd(source),
            StorageError::Behind { .. } | StorageError::Contention { .. } => Self::unavailable(&error, 1),
            _ => Self::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
        }
    }
}

/// What etcd's refusal means for a client.
pub(super) fn from_etcd(error: &EtcdError) -> ApiError {
    match error {
        EtcdError::TooLarge { .. } => ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, error.to_string()),
        EtcdError::Ambiguous { .. } => {
            ApiError::unavailable(format_args!("{error}; look before you try again"), RETRY_SECONDS)
        }
        EtcdError::QuotaFull { .. } => ApiError::new(StatusCode::INSUFFICIENT_STORAGE, error.to_string()),
        _ if error.is_unavailable() => {
            let words = "etcd does not answer; nothing was changed. Booting goes on from what is known. \
                See that a majority of etcd's members runs, then try again";
            ApiError::unavailable(words, RETRY_SECONDS)
        }
        _ => ApiError::internal(error),
    }
}

/// The client sees the outermost words; the chain of causes is for the log, once.
fn log(error: &StorageError) {
    if matches!(
        error,
        StorageError::Etcd { .. } | StorageError::Internal(_) | StorageError::Unreadable { .. }
    ) {
        tracing::warn!(error = error as &dyn std::error::Error, "the storage failed");
    }
}
