//! What the store tells about itself.

use crate::world::World;
use prometheus::core::Collector;
use prometheus::{IntCounter, IntGauge, Opts, Registry};

/// Gauges and counters; they exist whether or not somebody registers them.
pub(crate) struct Metrics {
    machines: IntGauge,
    unreadable: IntGauge,
    stale: IntGauge,
    pub(crate) boot_events_dropped: IntCounter,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        Self {
            machines: gauge("machines", "The number of registered machines."),
            unreadable: gauge(
                "unreadable_values",
                "Values in etcd that cannot be read; the log names their keys.",
            ),
            stale: gauge(
                "state_stale",
                "1 while etcd does not answer and reads are served from memory.",
            ),
            boot_events_dropped: counter("boot_events_dropped_total", "Boot events that were not stored."),
        }
    }

    pub(crate) fn observe(&self, world: &World) {
        self.machines.set(i64::try_from(world.index.len()).unwrap_or(i64::MAX));
        self.unreadable
            .set(i64::try_from(world.unreadable.len()).unwrap_or(i64::MAX));
    }

    pub(crate) fn set_stale(&self, stale: bool) {
        self.stale.set(i64::from(stale));
    }
}

impl crate::Storage {
    /// Adds the store's own metrics to a registry.
    ///
    /// # Errors
    /// When metrics of these names are registered already.
    pub fn register_metrics(&self, registry: &Registry) -> Result<(), prometheus::Error> {
        let m = &self.inner.metrics;
        let all: [Box<dyn Collector>; 4] = [
            Box::new(m.machines.clone()),
            Box::new(m.unreadable.clone()),
            Box::new(m.stale.clone()),
            Box::new(m.boot_events_dropped.clone()),
        ];
        all.into_iter().try_for_each(|collector| registry.register(collector))
    }
}

#[allow(
    clippy::expect_used,
    reason = "fails only for invalid names, and these are literals that a test covers"
)]
fn gauge(name: &str, help: &str) -> IntGauge {
    IntGauge::with_opts(Opts::new(name, help).namespace("sabakan")).expect("a valid metric name")
}

#[allow(
    clippy::expect_used,
    reason = "fails only for invalid names, and these are literals that a test covers"
)]
fn counter(name: &str, help: &str) -> IntCounter {
    IntCounter::with_opts(Opts::new(name, help).namespace("sabakan")).expect("a valid metric name")
}
