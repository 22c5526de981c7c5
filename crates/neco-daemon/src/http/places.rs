//! Places for requests, so many of each class: what machines wait for keeps its own when the API or searches are flooded.
//!
//! Nothing waits here. A request that finds no place is answered 503 at once with Retry-After: a queue would only make
//! everybody late, and memory grow.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use prometheus::{IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry};
use serde::{Deserialize, Serialize};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Seconds after which who was refused shall come again.
pub const RETRY_AFTER: u32 = 1;

/// The classes, the most important first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// What a booting machine asks for, and health.
    Boot,
    /// Changes and single things.
    Api,
    /// What may be large: lists, logs, queries.
    Search,
}

impl Class {
    fn word(self) -> &'static str {
        match self {
            Self::Boot => "boot",
            Self::Api => "api",
            Self::Search => "search",
        }
    }
}

/// How many requests of each class run at a time; the next ones are answered 503. What boots machines has the largest
/// share, so that it goes on when the API or searches are flooded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Limits {
    /// Of [`Class::Boot`].
    pub boot: usize,
    /// Of [`Class::Api`].
    pub api: usize,
    /// Of [`Class::Search`].
    pub search: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            boot: 4096,
            api: 256,
            search: 64,
        }
    }
}

/// The places.
#[derive(Debug)]
pub struct Places {
    boot: Arc<Semaphore>,
    api: Arc<Semaphore>,
    search: Arc<Semaphore>,
    refused: IntCounterVec,
    running: IntGaugeVec,
}

/// A place that is taken until this is dropped.
#[derive(Debug)]
pub struct Place {
    _permit: OwnedSemaphorePermit,
    running: IntGauge,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.running.dec();
    }
}

/// All places of the class are taken. As a response it is 503 with Retry-After, in the original's shape of errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many requests are running; try again soon")]
pub struct Full;

impl IntoResponse for Full {
    fn into_response(self) -> Response {
        let body = serde_json::json!({ "error": self.to_string(), "status": 503 });
        let mut response = (StatusCode::SERVICE_UNAVAILABLE, axum::Json(body)).into_response();
        let seconds = HeaderValue::from(RETRY_AFTER);
        response.headers_mut().insert(header::RETRY_AFTER, seconds);
        response
    }
}

impl Places {
    /// So many places, with the metrics `{program}_api_running` and `{program}_api_refused_count` by class.
    ///
    /// # Errors
    /// Where a metric of that name is registered already.
    pub fn new(program: &str, limits: Limits, registry: &Registry) -> Result<Self, prometheus::Error> {
        let refused = Opts::new(
            format!("{program}_api_refused_count"),
            "Requests refused because too many were running.",
        );
        let refused = IntCounterVec::new(refused, &["class"])?;
        let running = Opts::new(format!("{program}_api_running"), "Requests being answered.");
        let running = IntGaugeVec::new(running, &["class"])?;
        registry.register(Box::new(refused.clone()))?;
        registry.register(Box::new(running.clone()))?;
        let places = |count: usize| Arc::new(Semaphore::new(count.min(Semaphore::MAX_PERMITS)));
        Ok(Self {
            boot: places(limits.boot),
            api: places(limits.api),
            search: places(limits.search),
            refused,
            running,
        })
    }

    /// Takes a place.
    ///
    /// # Errors
    /// Where all are taken.
    pub fn take(&self, class: Class) -> Result<Place, Full> {
        let places = match class {
            Class::Boot => &self.boot,
            Class::Api => &self.api,
            Class::Search => &self.search,
        };
        let Ok(permit) = Arc::clone(places).try_acquire_owned() else {
            self.refused.with_label_values(&[class.word()]).inc();
            return Err(Full);
        };
        let running = self.running.with_label_values(&[class.word()]);
        running.inc();
        Ok(Place {
            _permit: permit,
            running,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_flood_of_searches_leaves_booting_alone_and_ends() {
        let limits = Limits {
            boot: 1,
            api: 1,
            search: 2,
        };
        let places = Places::new("test", limits, &Registry::new()).unwrap();
        let held: Vec<_> = (0..2).map(|_| places.take(Class::Search).unwrap()).collect();
        let refused = places.take(Class::Search).unwrap_err().into_response();
        assert_eq!(refused.status(), 503);
        assert_eq!(refused.headers()[header::RETRY_AFTER], "1");
        assert!(places.take(Class::Api).is_ok());
        assert!(places.take(Class::Boot).is_ok());
        drop(held);
        assert!(places.take(Class::Search).is_ok());
        assert_eq!(places.refused.with_label_values(&["search"]).get(), 1);
        assert_eq!(places.running.with_label_values(&["search"]).get(), 0);
    }
}
