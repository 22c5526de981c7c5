//! What can go wrong between CKE and Kubernetes' API.

use crate::selector::SelectorError;
use std::time::Duration;

/// Any error, as the caller's certificates give it.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A failure, with the API server and the request, or the resource that is wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The certificates to speak to API servers with cannot be used.
    #[error("the certificates for Kubernetes' API: {place}")]
    Identity {
        /// Which of them.
        place: &'static str,
        /// Why.
        #[source]
        source: BoxError,
    },
    /// The address of an API server is none.
    #[error("the address {address:?} of an API server")]
    Address {
        /// As given.
        address: String,
        /// Why.
        #[source]
        source: BoxError,
    },
    /// The API server refused a request, or the connection broke.
    #[error("{server}: {request}")]
    Request {
        /// Address of the API server.
        server: String,
        /// What was asked.
        request: String,
        /// What it answered.
        #[source]
        source: Failure,
    },
    /// The API server did not answer in time.
    #[error("{server}: {request}: no answer within {limit:?}")]
    Timeout {
        /// Address of the API server.
        server: String,
        /// What was asked.
        request: String,
        /// How long it was waited for.
        limit: Duration,
    },
    /// The definition of a resource cannot be read.
    #[error("resource {key}: {place}")]
    Definition {
        /// Key of the resource.
        key: String,
        /// Which part of it.
        place: String,
        /// Why, where a parser said so.
        #[source]
        source: Option<BoxError>,
    },
    /// Neither the API server nor the trusted mappings know a kind.
    #[error("resource {key}: {server} knows no kind {kind} of {api_version}, and trusted_rest_mappings neither")]
    UnknownKind {
        /// Address of the API server.
        server: String,
        /// Key of the resource.
        key: String,
        /// `apiVersion` of the object.
        api_version: String,
        /// Its kind.
        kind: String,
    },
    /// A certificate that a resource wants could not be had.
    #[error("resource {key}: the certificate that it asks for")]
    Certificate {
        /// Key of the resource.
        key: String,
        /// Why.
        #[source]
        source: BoxError,
    },
    /// A selector of the cluster's configuration is wrong.
    #[error("{place}")]
    Selector {
        /// Which one.
        place: &'static str,
        /// Why.
        #[source]
        source: SelectorError,
    },
    /// An action that is not for Kubernetes was given.
    #[error("not an action on Kubernetes: {action}")]
    WrongAction {
        /// Its name.
        action: String,
    },
}

impl Error {
    /// Whether the API server said that the object, or its kind, is not there.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.code() == Some(404)
    }

    /// Whether the object changed meanwhile, or exists already.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.code() == Some(409)
    }

    /// The status code of a refusal by the API server.
    #[must_use]
    pub fn code(&self) -> Option<u16> {
        self.status().map(|status| status.code)
    }

    /// What the API server answered, where it refused.
    #[must_use]
    pub fn status(&self) -> Option<&kube::core::Status> {
        match self {
            Error::Request {
                source: Failure::Refused(status),
                ..
            } => Some(status),
            _ => None,
        }
    }
}

/// How a request failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The API server refused it.
    #[error("{} ({} {})", .0.message, .0.code, .0.reason)]
    Refused(Box<kube::core::Status>),
    /// It could not be reached, or the connection broke.
    #[error("no connection")]
    Connection(#[source] BoxError),
    /// Its answer is not what it should be.
    #[error("the answer cannot be read")]
    Answer(#[source] serde_json::Error),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

impl From<kube::Error> for Failure {
    fn from(error: kube::Error) -> Failure {
        match error {
            kube::Error::Api(status) => Failure::Refused(status),
            kube::Error::Service(source) => Failure::Connection(source),
            kube::Error::HyperError(source) => Failure::Connection(source.into()),
            kube::Error::ReadEvents(source) => Failure::Connection(source.into()),
            kube::Error::SerdeError(source) => Failure::Answer(source),
            other => Failure::Other(other.to_string()),
        }
    }
}
