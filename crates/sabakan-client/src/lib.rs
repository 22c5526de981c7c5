//! A typed client of sabakan's REST and GraphQL API.
//!
//! The caller installs rustls' crypto provider first (once in `main`); everything else comes with [`Options`]. Calls that
//! fail say the status and the server's own words with the id of the request, so that the server's log can be searched for
//! it ([`Error`]). Nothing is retried here: whether a call may be repeated is for its caller to know.

mod config;
mod error;
pub mod graphql;
mod machines;
mod options;
mod request;
mod resources;
pub mod upload;

pub use error::{Error, StatusError};
pub use options::{BootToken, Identity, Options};

use reqwest::Url;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// A client of one server (or of several behind one address). Cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
    user: http::HeaderValue,
    /// Highest revision that an answer had, shared by all clones.
    seen: Arc<AtomicI64>,
    /// Revision that answers must know.
    at_least: i64,
}

impl Client {
    /// The highest revision of etcd that an answer to this client, or a clone of it, had; 0 when none said one.
    #[must_use]
    pub fn revision(&self) -> i64 {
        self.seen.load(Ordering::Relaxed)
    }

    /// A client whose answers know `revision` at least: with the [`Client::revision`] of whoever wrote, it reads what they
    /// wrote on any server. A server that does not get there in time answers 503.
    #[must_use]
    pub fn at_least(&self, revision: i64) -> Self {
        Self {
            at_least: revision,
            ..self.clone()
        }
    }
}
