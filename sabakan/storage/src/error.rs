//! What can go wrong, as the caller must tell it apart.

use neco_etcd::Error as EtcdError;

/// Why an operation on the state failed.
///
/// The variants are what a front end answers differently; [`StorageError::is_unavailable`] is a 503.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// There is no such thing.
    #[error("{what} {name} is not found")]
    NotFound {
        /// The kind of thing: `machine`, `label`, ...
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// Something of that name exists, or there is no room for it.
    #[error("{0}")]
    Conflict(String),
    /// The request itself is wrong, whatever the state.
    #[error("{0}")]
    BadRequest(String),
    /// The lifecycle does not allow the step.
    #[error("transition from [ {from} ] to [ {to} ] is forbidden")]
    Forbidden {
        /// The state that the machine is in.
        from: String,
        /// The state that was asked for.
        to: String,
    },
    /// A machine is in a state that does not allow the operation.
    #[error("machine {serial} is {state}: {reason}")]
    WrongState {
        /// The machine.
        serial: String,
        /// Its state.
        state: String,
        /// What is possible in which state.
        reason: &'static str,
    },
    /// A machine cannot be retired while disk keys of it exist.
    #[error("encryption key exists: delete the disk keys of machine {serial} before it is retired")]
    EncryptionKeyExists {
        /// The machine.
        serial: String,
    },
    /// A limit of ours is reached.
    #[error("{what}: at most {limit}")]
    Quota {
        /// What there is too much of.
        what: String,
        /// The limit.
        limit: usize,
    },
    /// A value in etcd cannot be read.
    #[error("the value of {key} in etcd cannot be read: {reason}")]
    Unreadable {
        /// The key, relative to the prefix.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The schema in etcd is not one that this version can use.
    #[error("schema version {found} in etcd is not known to this program, which uses version {ours}")]
    Schema {
        /// What etcd holds.
        found: String,
        /// What this program uses.
        ours: &'static str,
    },
    /// etcd did not take the change, or nobody can say whether it did.
    #[error("etcd: {op} failed")]
    Etcd {
        /// What was tried.
        op: &'static str,
        /// Why it failed.
        #[source]
        source: EtcdError,
    },
    /// The own view of etcd did not reach a revision in time.
    #[error("this server has not yet seen revision {wanted} of etcd, it is at {seen}")]
    Behind {
        /// The revision that was asked for.
        wanted: i64,
        /// The revision that was seen.
        seen: i64,
    },
    /// Others changed the same thing again and again.
    #[error("{op} lost against other writers {attempts} times")]
    Contention {
        /// What was tried.
        op: &'static str,
        /// How often.
        attempts: u32,
    },
    /// A defect of this program: a value that cannot be written.
    #[error("{0}")]
    Internal(String),
}

impl StorageError {
    pub(crate) fn not_found(what: &'static str, name: impl Into<String>) -> Self {
        Self::NotFound {
            what,
            name: name.into(),
        }
    }

    pub(crate) fn etcd(op: &'static str) -> impl FnOnce(EtcdError) -> Self {
        move |source| Self::Etcd { op, source }
    }

    pub(crate) fn encode(error: sabakan_model::JsonError) -> Self {
        Self::Internal(error.to_string())
    }

    pub(crate) fn unreadable(key: &str, reason: impl std::fmt::Display) -> Self {
        Self::Unreadable {
            key: key.to_owned(),
            reason: reason.to_string(),
        }
    }

    /// True when the same call may well succeed in a moment: etcd is away, slow, or this server lags behind.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        match self {
            Self::Etcd { source, .. } => source.is_unavailable(),
            Self::Behind { .. } | Self::Contention { .. } => true,
            _ => false,
        }
    }
}
