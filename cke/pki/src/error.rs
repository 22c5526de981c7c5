//! Why a certificate or a key could not be had.

use cke_model::certificate::Authority;
use cke_storage::StorageError;

use crate::ProfileError;

/// Why a certificate or a key could not be had. None of it shows a secret.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The certificate cannot be asked for.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// Vault did not do what was asked.
    #[error("{what}")]
    Vault {
        /// What was wanted, with its name: "issue a certificate for system:node:10.0.0.1".
        what: String,
        /// What Vault said.
        #[source]
        source: Box<neco_vault::Error>,
    },
    /// CKE's state did not give or take what was asked.
    #[error(transparent)]
    Storage(#[from] Box<StorageError>),
    /// The authority's certificate is not stored.
    #[error("no certificate of the CA {} is stored: run `ckecli vault init` or `ckecli ca set`", .0.as_str())]
    NoCa(Authority),
    /// The authority's certificate has ended.
    #[error("the certificate of the CA {} has ended, or ends within a minute", .0.as_str())]
    CaEnded(Authority),
    /// What is stored as a certificate is none.
    #[error("{what} is no certificate in PEM: {reason}")]
    NotACertificate {
        /// Whose.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
    /// No key for service accounts is stored.
    #[error("no key pair of service accounts is stored yet")]
    NoServiceAccount,
    /// Vault has no keys to encrypt Secrets with.
    #[error("vault has no encryption key for API servers: run `ckecli vault enckey`")]
    NoEncryptionKey,
    /// Vault's keys to encrypt Secrets with cannot be read.
    #[error("vault's encryption keys for API servers (aescbc) cannot be read")]
    EncryptionKey(#[source] serde_json::Error),
    /// No SSH key for a node.
    #[error("no SSH private key for {address}, and none for all: run `ckecli vault ssh-privkey`")]
    NoSshKey {
        /// The node.
        address: String,
    },
    /// How Vault is reached is not stored.
    #[error("how to reach vault is not stored: run `ckecli vault init` or `ckecli vault config`")]
    NoVault,
}

impl From<StorageError> for Error {
    fn from(source: StorageError) -> Error {
        Error::Storage(Box::new(source))
    }
}

impl Error {
    /// For mapping Vault's errors; `what` was wanted.
    pub(crate) fn vault(what: impl Into<String>) -> impl FnOnce(neco_vault::Error) -> Error {
        let what = what.into();
        move |source| Error::Vault {
            what,
            source: Box::new(source),
        }
    }

    /// Whether it may pass later without anybody changing anything: Vault sealed, etcd away.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        match self {
            Error::Vault { source, .. } => source.is_unavailable(),
            Error::Storage(source) => source.is_unavailable(),
            _ => false,
        }
    }

    /// The error of Vault's API behind it, where there is one.
    #[must_use]
    pub fn vault_error(&self) -> Option<&neco_vault::Error> {
        match self {
            Error::Vault { source, .. } => Some(source),
            _ => None,
        }
    }
}
