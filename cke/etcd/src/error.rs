//! Why the cluster's etcd did not do what was asked.

use std::time::Duration;

/// Why the cluster's etcd did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No end point is named.
    #[error("no end point of etcd is given")]
    NoEndpoints,
    /// End points or certificates cannot be used.
    #[error("etcd at {endpoint}: end point or certificate cannot be used")]
    Setup {
        /// Which.
        endpoint: String,
        /// Why.
        #[source]
        source: Box<neco_etcd::Error>,
    },
    /// The credentials for etcd could not be had.
    #[error("no certificate for etcd's user root")]
    Credentials(#[source] Box<cke_pki::Error>),
    /// No member could serve the request.
    #[error("no member of etcd could {op}; the last asked was {endpoint}")]
    Unavailable {
        /// What was asked.
        op: &'static str,
        /// The last that was asked.
        endpoint: String,
        /// What became of it.
        #[source]
        source: Box<etcd_client::Error>,
    },
    /// No member answered in time.
    #[error("no member of etcd answered to: {op}, within {after:?}; the last asked was {endpoint}")]
    Timeout {
        /// What was asked.
        op: &'static str,
        /// The last that was asked.
        endpoint: String,
        /// How long each was waited for.
        after: Duration,
    },
    /// etcd refused.
    #[error("etcd refused to {op}: {message}")]
    Refused {
        /// What was asked.
        op: &'static str,
        /// What it said.
        message: String,
    },
    /// A condition did not come about in time.
    #[error("waited {after:?} for {what}: {reason}")]
    Waited {
        /// For what.
        what: &'static str,
        /// How long.
        after: Duration,
        /// Why it does not hold.
        reason: String,
    },
    /// A member has neither a name nor a peer URL that names a host.
    #[error("member {id:x} of etcd has neither a name nor a peer URL with a host ({peer_urls:?})")]
    Nameless {
        /// Its ID.
        id: u64,
        /// What it has.
        peer_urls: Vec<String>,
    },
    /// A user of this name is there already.
    #[error("the user {0:?} exists in etcd already")]
    UserExists(String),
    /// The name is reserved or empty.
    #[error("bad etcd username: {0}")]
    BadUser(String),
    /// The prefix is empty: the user could do everything.
    #[error("bad etcd prefix: {0}")]
    BadPrefix(String),
    /// The action is none of etcd's, or one that starts a container.
    #[error("{0} is not an action that this crate applies")]
    NotMine(&'static str),
}

impl Error {
    /// etcd's words, where it refused.
    #[must_use]
    pub fn refusal(&self) -> Option<&str> {
        match self {
            Error::Refused { message, .. } => Some(message),
            _ => None,
        }
    }

    /// Whether it may pass later without anybody changing anything.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        matches!(
            self,
            Error::Unavailable { .. } | Error::Timeout { .. } | Error::Waited { .. }
        )
    }
}
