//! What can come of a request to etcd, told apart by what a caller does about it.

use std::time::Duration;

use crate::config::ConfigError;

/// The boxed cause of an error.
pub(crate) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a request to etcd did not end well. `op` is what was asked, with the key.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration cannot be used.
    #[error("etcd configuration")]
    Config(#[from] ConfigError),
    /// No member could serve the request, and it did not happen.
    #[error("etcd is not available for {op}")]
    Unavailable {
        /// What was asked.
        op: String,
        /// What the last member said.
        #[source]
        source: Cause,
    },
    /// A read got no answer in time.
    #[error("etcd did not answer {op} within {after:?}")]
    Timeout {
        /// What was asked.
        op: String,
        /// How long it was tried.
        after: Duration,
    },
    /// A write was sent and no answer came: it may have happened or may yet happen. Read before trying again.
    #[error("etcd gave no answer to {op}: it may or may not have happened")]
    Ambiguous {
        /// What was asked.
        op: String,
        /// What became of the connection.
        #[source]
        source: Cause,
    },
    /// The request or its answer is larger than etcd takes (1.5 MiB unless `--max-request-bytes` says otherwise).
    #[error("{op} is too large for etcd ({bytes} bytes; etcd's --max-request-bytes is 1.5 MiB by default)")]
    TooLarge {
        /// What was asked.
        op: String,
        /// The size of keys and values.
        bytes: usize,
    },
    /// A transaction has more operations than etcd takes (128 unless `--max-txn-ops` says otherwise).
    #[error("{op} has {operations} operations, more than etcd takes (its --max-txn-ops is 128 by default)")]
    TooManyOperations {
        /// What was asked.
        op: String,
        /// The number of guards or operations in its longest list.
        operations: usize,
    },
    /// etcd's database has reached its quota: it takes no writes until it is compacted, defragmented and disarmed.
    #[error("{op} refused: etcd's database has reached its quota (compact, defragment, then `etcdctl alarm disarm`)")]
    QuotaFull {
        /// What was asked.
        op: String,
    },
    /// User or password are refused.
    #[error("etcd refused the user or password at {op}: {message}")]
    Auth {
        /// What was asked.
        op: String,
        /// What etcd said.
        message: String,
    },
    /// The user has no right to these keys.
    #[error("etcd denied permission for {op}")]
    PermissionDenied {
        /// What was asked.
        op: String,
    },
    /// The history at the asked revision is gone.
    #[error("{op}: revision {revision} is compacted")]
    Compacted {
        /// What was asked.
        op: String,
        /// The revision that was asked for.
        revision: i64,
    },
    /// The lease has expired or was revoked.
    #[error("lease {lease:x} is gone at {op}")]
    LeaseGone {
        /// What was asked.
        op: String,
        /// The lease.
        lease: i64,
    },
    /// etcd refused the request as it is.
    #[error("etcd refused {op}: {message}")]
    Rejected {
        /// What was asked.
        op: String,
        /// What etcd said.
        message: String,
    },
}

impl Error {
    /// Whether the trouble is etcd's state and not the request: the same request may pass later. A web server answers
    /// 503.
    pub fn is_unavailable(&self) -> bool {
        matches!(
            self,
            Error::Unavailable { .. } | Error::Timeout { .. } | Error::Ambiguous { .. } | Error::QuotaFull { .. }
        )
    }

    /// Whether a write may have happened all the same.
    pub fn is_ambiguous(&self) -> bool {
        matches!(self, Error::Ambiguous { .. })
    }
}
