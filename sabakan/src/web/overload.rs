//! Places for requests, so many of each class: what boots machines keeps its own when the API or searches are flooded.
//!
//! Nothing waits here. A request that finds no place is answered 503 at once with Retry-After: a queue would only make
//! everybody late, and memory grow.

use super::error::ApiError;
use crate::config::Limits;
use crate::route::RouteId;
use prometheus::{IntCounterVec, IntGaugeVec, Opts, Registry};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The classes, the most important first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// What a booting machine asks for, and health.
    Boot,
    /// Changes and single things.
    Api,
    /// What may be large: lists, logs, GraphQL.
    Search,
}

impl Class {
    /// The class of a route.
    #[must_use]
    pub fn of(id: RouteId) -> Self {
        use RouteId as R;
        match id {
            R::BootIpxeEfi | R::BootIpxeChain | R::BootIpxeScript | R::BootKernel | R::BootInitrd => Self::Boot,
            R::BootIgnition | R::CryptGet | R::CryptPut | R::Cryptsetup | R::AssetGet | R::ImageGet => Self::Boot,
            R::Health | R::Version | R::Metrics => Self::Boot,
            R::MachineList | R::Graphql | R::Logs | R::BootLogList => Self::Search,
            _ => Self::Api,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Boot => "boot",
            Self::Api => "api",
            Self::Search => "search",
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
    running: prometheus::IntGauge,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.running.dec();
    }
}

impl Places {
    /// So many places, with their metrics.
    ///
    /// # Errors
    /// Where a metric of that name is registered already.
    pub fn new(limits: Limits, registry: &Registry) -> Result<Self, prometheus::Error> {
        let refused = Opts::new(
            "sabakan_api_refused_count",
            "Requests refused because too many were running.",
        );
        let refused = IntCounterVec::new(refused, &["class"])?;
        let running = Opts::new("sabakan_api_running", "Requests being answered.");
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
    /// 503 with Retry-After where all are taken.
    pub fn take(&self, class: Class) -> Result<Place, ApiError> {
        let places = match class {
            Class::Boot => &self.boot,
            Class::Api => &self.api,
            Class::Search => &self.search,
        };
        match Arc::clone(places).try_acquire_owned() {
            Ok(permit) => {
                let running = self.running.with_label_values(&[class.word()]);
                running.inc();
                Ok(Place {
                    _permit: permit,
                    running,
                })
            }
            Err(_none_free) => {
                self.refused.with_label_values(&[class.word()]).inc();
                Err(ApiError::unavailable(
                    "too many requests are running; try again soon",
                    1,
                ))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_flood_of_searches_leaves_booting_alone_and_ends() {
        let places = Places::new(
            Limits {
                boot: 1,
                api: 1,
                search: 2,
            },
            &Registry::new(),
        )
        .unwrap();
        let held: Vec<_> = (0..2).map(|_| places.take(Class::Search).unwrap()).collect();
        let refused = places.take(Class::Search).unwrap_err();
        assert_eq!((refused.status.as_u16(), refused.retry_after), (503, Some(1)));
        assert!(places.take(Class::Api).is_ok());
        assert!(places.take(Class::Boot).is_ok());
        drop(held);
        assert!(places.take(Class::Search).is_ok());
        assert_eq!(places.refused.with_label_values(&["search"]).get(), 1);
        assert_eq!(places.running.with_label_values(&["search"]).get(), 0);
    }
}
