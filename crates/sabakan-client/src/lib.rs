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
pub use options::{Identity, Options};

use reqwest::Url;

/// A client of one server (or of several behind one address). Cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
    user: http::HeaderValue,
}
