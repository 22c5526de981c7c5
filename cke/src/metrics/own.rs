//! Metrics that the original does not have: how long operations and loops take, and what waits for what.

use cke_plan::Plan;
use prometheus::{GaugeVec, HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry};
use std::collections::BTreeMap;
use std::time::Duration;

/// Seconds; an operation takes from milliseconds to minutes.
const BUCKETS: [f64; 9] = [0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 60.0, 180.0, 600.0];

/// Labels are names of operations, of parts of the loop and of reasons: a few dozen at most.
#[derive(Debug)]
pub(crate) struct Own {
    operations: HistogramVec,
    failures: IntCounterVec,
    loops: HistogramVec,
    waiting: GaugeVec,
    ssh: GaugeVec,
}

impl Own {
    pub(super) fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let own = Self {
            operations: histogram(
                "cke_operation_duration_seconds",
                "How long operations take.",
                "operation",
            )?,
            failures: counter("cke_operation_failures_total", "Operations that failed.", "operation")?,
            loops: histogram(
                "cke_loop_duration_seconds",
                "How long the parts of the loop take.",
                "part",
            )?,
            waiting: GaugeVec::new(
                Opts::new("cke_waiting", "What is not done now, by the reason."),
                &["reason"],
            )?,
            ssh: GaugeVec::new(
                Opts::new(
                    "cke_ssh_events",
                    "What SSH did with the nodes of now since this server leads.",
                ),
                &["event"],
            )?,
        };
        registry.register(Box::new(own.operations.clone()))?;
        registry.register(Box::new(own.failures.clone()))?;
        registry.register(Box::new(own.loops.clone()))?;
        registry.register(Box::new(own.waiting.clone()))?;
        registry.register(Box::new(own.ssh.clone()))?;
        Ok(own)
    }

    /// An operation ended.
    pub(crate) fn operated(&self, operation: &str, took: Duration, failed: bool) {
        self.operations
            .with_label_values(&[operation])
            .observe(took.as_secs_f64());
        if failed {
            self.failures.with_label_values(&[operation]).inc();
        }
    }

    /// A part of the loop (`observe`, `decide`, `apply`) ended.
    pub(crate) fn looped(&self, part: &str, took: Duration) {
        self.loops.with_label_values(&[part]).observe(took.as_secs_f64());
    }

    /// What SSH did with the nodes of now so far, by kind of event.
    pub(crate) fn ssh(&self, event: &str, count: u64) {
        #[expect(clippy::cast_precision_loss, reason = "counts of a process fit")]
        self.ssh.with_label_values(&[event]).set(count as f64);
    }

    pub(super) fn decided(&self, plan: &Plan) {
        let mut waiting: BTreeMap<&str, f64> = BTreeMap::new();
        for wait in &plan.waits {
            *waiting.entry(wait.reason.name()).or_default() += 1.0;
        }
        self.waiting.reset();
        for (reason, number) in waiting {
            self.waiting.with_label_values(&[reason]).set(number);
        }
    }
}

fn histogram(name: &str, help: &str, label: &str) -> Result<HistogramVec, prometheus::Error> {
    HistogramVec::new(HistogramOpts::new(name, help).buckets(BUCKETS.to_vec()), &[label])
}

fn counter(name: &str, help: &str, label: &str) -> Result<IntCounterVec, prometheus::Error> {
    IntCounterVec::new(Opts::new(name, help), &[label])
}
