//! Why a call failed, told apart by what somebody must do about it.

use std::time::Duration;

/// Why a call failed. `op` is what was asked ("issue"), `path` where, without the leading `/v1/`.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server's URL cannot be used.
    #[error("{url:?} is not the URL of a Vault server: {reason}")]
    Url {
        /// As given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The certificate of the server's authority cannot be used.
    #[error("the CA certificate for Vault cannot be used")]
    Ca(#[source] reqwest::Error),
    /// What is given as the certificate of the server's authority holds none.
    #[error("the CA certificate for Vault holds no certificate")]
    NoCa,
    /// The server could not be reached, or the connection broke.
    #[error("vault is unreachable: {op} {path}")]
    Unreachable {
        /// What was asked.
        op: &'static str,
        /// Where.
        path: String,
        /// What happened.
        #[source]
        source: reqwest::Error,
    },
    /// No answer came in time; a write may have happened.
    #[error("vault did not answer {op} {path} within {after:?}")]
    Timeout {
        /// What was asked.
        op: &'static str,
        /// Where.
        path: String,
        /// How long it was waited for.
        after: Duration,
    },
    /// The server is sealed: a person has to unseal it.
    #[error("vault is sealed: {op} {path}")]
    Sealed {
        /// What was asked.
        op: &'static str,
        /// Where.
        path: String,
    },
    /// The server cannot serve now: it starts, has no leader, or is not initialised.
    #[error("vault is not ready: {op} {path}: {status} {message}")]
    NotReady {
        /// What was asked.
        op: &'static str,
        /// Where.
        path: String,
        /// Status of HTTP.
        status: u16,
        /// What the server said.
        message: String,
    },
    /// The token is good, its policies do not allow this.
    #[error("vault denied permission: {op} {path}")]
    PermissionDenied {
        /// What was asked.
        op: &'static str,
        /// Where.
        path: String,
    },
    /// The token is not good: expired, revoked, or never one of this server's.
    #[error("vault no longer takes the token (revoked or expired): {op} {path}")]
    TokenInvalid {
        /// What was asked.
        op: &'static str,
        /// Where.
        path: String,
    },
    /// The credentials are refused: the role, its secret or the user do not exist any more.
    #[error("vault refused the login at {path}: {message}")]
    LoginRefused {
        /// The path of the login.
        path: String,
        /// What the server said.
        message: String,
    },
    /// The server refused the request as it is.
    #[error("vault refused {op} {path}: {status} {message}")]
    Rejected {
        /// What was asked.
        op: &'static str,
        /// Where.
        path: String,
        /// Status of HTTP.
        status: u16,
        /// What the server said.
        message: String,
    },
    /// What is needed is not there.
    #[error("vault has nothing at {path}: {op}")]
    NotFound {
        /// What was asked.
        op: &'static str,
        /// Where.
        path: String,
    },
    /// The answer is not what this call returns.
    #[error("vault's answer to {op} {path} cannot be read")]
    Malformed {
        /// What was asked.
        op: &'static str,
        /// Where.
        path: String,
        /// What is wrong with it. It names a place, never a value.
        #[source]
        source: serde_json::Error,
    },
}

impl Error {
    /// Whether the trouble is the server's state: the same request may pass later without anybody changing it.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        matches!(
            self,
            Error::Unreachable { .. } | Error::Timeout { .. } | Error::Sealed { .. } | Error::NotReady { .. }
        )
    }

    /// Whether the server said no to who asks: only other credentials or policies mend it.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        matches!(
            self,
            Error::PermissionDenied { .. } | Error::TokenInvalid { .. } | Error::LoginRefused { .. }
        )
    }

    /// What the server said, where it refused the request as it is.
    #[must_use]
    pub fn rejection(&self) -> Option<&str> {
        match self {
            Error::Rejected { message, .. } => Some(message),
            _ => None,
        }
    }
}
