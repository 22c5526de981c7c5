//! Why a call failed.

use http::StatusCode;
use std::path::PathBuf;

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server's URL cannot be used.
    #[error("invalid server URL {url:?}: {reason}")]
    Url {
        /// As given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The user's name cannot be sent in a header.
    #[error("user name {0:?} has characters that a header cannot hold")]
    User(String),
    /// The token of the boot cannot be sent in a header.
    #[error("the token of the boot has characters that a header cannot hold")]
    BootToken,
    /// A part of a path, such as a serial, is empty or would lead elsewhere.
    #[error("{0:?} cannot be part of a path")]
    Segment(String),
    /// Certificates or keys could not be used.
    #[error("cannot set up the HTTP client")]
    Setup(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The server could not be reached, or the connection broke.
    #[error("{method} {url} failed{}", if *.timed_out { ": no answer in time" } else { "" })]
    Transport {
        /// Method of the request.
        method: http::Method,
        /// URL of the request.
        url: String,
        /// True when the server was too slow.
        timed_out: bool,
        /// What happened.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The server answered with an error.
    #[error(transparent)]
    Status(#[from] Box<StatusError>),
    /// The answer is not what this call returns.
    #[error("the answer to {url} cannot be read")]
    Decode {
        /// URL of the request.
        url: String,
        /// What is wrong with it.
        #[source]
        source: sabakan_model::JsonError,
    },
    /// A local file could not be read.
    #[error("cannot read {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// GraphQL answered with errors instead of data.
    #[error("GraphQL: {}", messages.join("; "))]
    Graphql {
        /// What the server said.
        messages: Vec<String>,
        /// The `type` of the first error, like `MACHINE_NOT_FOUND`.
        kind: Option<String>,
    },
}

/// An answer with a status of 400 or more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {reason}", status.canonical_reason().unwrap_or("error"))]
pub struct StatusError {
    /// The status.
    pub status: StatusCode,
    /// The server's words.
    pub reason: String,
    /// Id of the request in the server's log, where the server gave one.
    pub request_id: Option<String>,
    /// Seconds after which the server asks to be called again.
    pub retry_after: Option<u64>,
    /// Why a disk key is missing, `never` or `deleted`, where the server said.
    pub key_state: Option<String>,
}

impl StatusError {
    /// For callers that look for something in a list and do not find it.
    #[must_use]
    pub fn not_found(reason: impl Into<String>) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            reason: reason.into(),
            request_id: None,
            retry_after: None,
            key_state: None,
        }
    }
}

impl Error {
    pub(crate) fn setup(error: reqwest::Error) -> Self {
        Self::Setup(error.into())
    }

    /// The status of the answer, when there was one.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Status(error) => Some(error.status),
            _ => None,
        }
    }

    /// Id of the request in the server's log.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        match self {
            Self::Status(error) => error.request_id.as_deref(),
            _ => None,
        }
    }

    /// True for 404.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.status() == Some(StatusCode::NOT_FOUND)
    }

    /// True for 409.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.status() == Some(StatusCode::CONFLICT)
    }

    /// True for 400 to 499.
    #[must_use]
    pub fn is_4xx(&self) -> bool {
        self.status().is_some_and(|s| s.is_client_error())
    }

    /// True for 500 to 599.
    #[must_use]
    pub fn is_5xx(&self) -> bool {
        self.status().is_some_and(|s| s.is_server_error())
    }

    /// True when no answer came at all.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Transport { .. })
    }
}
