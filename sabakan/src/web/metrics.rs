//! Counters of the web side, and the text of `/metrics`.

use super::app::App;
use prometheus::{IntCounterVec, Opts, Registry, TextEncoder};

/// Content type of the text format.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Counters that requests feed.
#[derive(Debug, Clone)]
pub struct WebMetrics {
    /// Requests by status, route pattern and method; the names of the original.
    pub requests: IntCounterVec,
    /// What the policy refused, or would refuse.
    pub policy: IntCounterVec,
}

impl WebMetrics {
    /// Makes and registers them.
    ///
    /// # Errors
    /// Where one of them is registered already.
    pub fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let requests = Opts::new("sabakan_api_request_count", "The total count of API calls.");
        let requests = IntCounterVec::new(requests, &["code", "path", "verb"])?;
        let policy = Opts::new(
            "sabakan_policy_count",
            "Requests that the policy refused, or would refuse.",
        );
        let policy = IntCounterVec::new(policy, &["action", "path", "reason"])?;
        registry.register(Box::new(requests.clone()))?;
        registry.register(Box::new(policy.clone()))?;
        Ok(Self { requests, policy })
    }

    /// Counts an answered request. `path` is a pattern of the table, so labels stay few.
    pub fn count(&self, status: u16, path: &str, method: &http::Method) {
        let verb = match method.as_str() {
            known @ ("GET" | "HEAD" | "PUT" | "POST" | "DELETE" | "OPTIONS" | "PATCH") => known,
            _ => "other",
        };
        self.requests
            .with_label_values(&[status.to_string().as_str(), path, verb])
            .inc();
    }
}

/// The whole text: what is registered, and the machines' lines as the index keeps them ready. etcd is not asked.
///
/// # Errors
/// Where a registered metric cannot be written.
pub fn text(app: &App) -> Result<String, prometheus::Error> {
    let mut out = TextEncoder::new().encode_to_string(&app.registry.gather())?;
    app.storage.write_machine_metrics(&mut out);
    Ok(out)
}
