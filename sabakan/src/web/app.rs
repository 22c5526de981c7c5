//! What all requests share.

use super::metrics::WebMetrics;
use super::reply;
use crate::boot::BootRecorder;
use crate::config::Settings;
use crate::graphql::Schema;
use crate::ignition::Renderer;
use crate::policy::Rules;
use crate::token::Signer;
use axum::response::Response;
use http::StatusCode;
use jiff::Timestamp;
use neco_daemon::http::Places;
use sabakan_files::Files;
use sabakan_storage::Storage;
use std::path::PathBuf;

/// The state behind every handler; handlers get it as `&App` and keep nothing of their own.
pub struct App {
    /// The checked configuration.
    pub settings: Settings,
    /// The policy's settings, its mode included.
    pub rules: Rules,
    /// Everything in etcd.
    pub storage: Storage,
    /// Images and assets.
    pub files: Files,
    /// Renders Ignition.
    pub renderer: Renderer,
    /// The GraphQL schema.
    pub graphql: Schema,
    /// Counters of requests and refusals.
    pub metrics: WebMetrics,
    /// All metrics.
    pub registry: prometheus::Registry,
    /// Places for requests.
    pub places: Places,
    /// Where boot events go.
    pub boot: BootRecorder,
    /// Signs tokens of boots, where they are issued.
    pub signer: Option<Signer>,
    /// Name of this server in audit entries.
    pub hostname: String,
    /// The file of `sabakan-cryptsetup`.
    pub cryptsetup: Option<PathBuf>,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App")
            .field("hostname", &self.hostname)
            .finish_non_exhaustive()
    }
}

impl App {
    /// The time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    /// Waits until this server shows a change that it has just made, so that whoever made it reads it. The change is done
    /// either way: where the wait takes too long, only the reading is late.
    pub async fn settled(&self, revision: i64) {
        if let Err(error) = self.storage.wait_for_revision(revision).await {
            tracing::warn!(
                revision,
                error = &error as &dyn std::error::Error,
                "a change is not shown here yet"
            );
        }
    }

    /// The answer to a change: empty, with its revision, once this server shows it.
    pub async fn changed(&self, revision: i64) -> Response {
        self.settled(revision).await;
        reply::with_revision(reply::empty(StatusCode::OK), revision)
    }

    /// Scheme and host of this server's URL, for scripts; a path in the configured URL is left out, as the original does.
    #[must_use]
    pub fn server_url(&self) -> String {
        origin_of(&self.settings.advertise_url)
    }
}

/// Scheme and host of a URL.
#[must_use]
pub fn origin_of(url: &str) -> String {
    let parsed: Option<http::Uri> = url.parse().ok();
    let origin = parsed
        .as_ref()
        .and_then(|uri| Some((uri.scheme_str()?, uri.authority()?)));
    origin.map_or_else(
        || url.trim_end_matches('/').to_owned(),
        |(scheme, host)| format!("{scheme}://{host}"),
    )
}
