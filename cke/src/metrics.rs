//! What the daemon tells Prometheus: the original's names, and how long things take and what waits.
//!
//! All but `cke_leader` are shown by the leader only, as in the original. The leader's loop leaves here what it saw; a scrape reads no
//! etcd and asks no node.

mod own;
mod queues;

pub(crate) use own::Own;

use cke_model::phase::Phase;
use cke_plan::Plan;
use neco_daemon::metrics::ProcessCollector;
use parking_lot::RwLock;
use prometheus::{Encoder as _, Gauge, GaugeVec, Opts, Registry, TextEncoder};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

/// All metrics of the daemon.
#[derive(Debug)]
pub(crate) struct Metrics {
    always: Registry,
    leading: Registry,
    sabakan: Registry,
    leader: Gauge,
    is_leader: AtomicBool,
    integrates: AtomicBool,
    phase: GaugeVec,
    phase_time: Gauge,
    integration: Integration,
    /// Metrics that the original does not have.
    pub(crate) own: Own,
    queues: RwLock<queues::Seen>,
}

/// Metrics of sabakan integration.
#[derive(Debug)]
struct Integration {
    successful: Gauge,
    time: Gauge,
    workers: GaugeVec,
    unused: Gauge,
}

impl Metrics {
    /// Makes them all.
    ///
    /// # Errors
    /// When this process cannot be looked at.
    pub(crate) fn new() -> anyhow::Result<Self> {
        let (always, leading, sabakan) = (Registry::new(), Registry::new(), Registry::new());
        always.register(Box::new(ProcessCollector::new()?))?;
        let leader = gauge(&always, "cke_leader", "1 if this server is the leader of CKE.")?;
        let phase = gauges(
            &leading,
            "cke_operation_phase",
            "The phase where CKE is currently operating.",
            "phase",
        )?;
        let phase_time = gauge(
            &leading,
            "cke_operation_phase_timestamp_seconds",
            "The Unix timestamp when operation_phase was last updated.",
        )?;
        let integration = Integration::new(&sabakan)?;
        let own = Own::new(&leading)?;
        Ok(Self {
            always,
            leading,
            sabakan,
            leader,
            is_leader: AtomicBool::new(false),
            integrates: AtomicBool::new(false),
            phase,
            phase_time,
            integration,
            own,
            queues: RwLock::default(),
        })
    }

    /// Whether this server leads now.
    pub(crate) fn set_leader(&self, leads: bool) {
        self.leader.set(if leads { 1.0 } else { 0.0 });
        self.is_leader.store(leads, Ordering::Relaxed);
    }

    /// The phase of a decision, made at `at` (Unix seconds).
    pub(crate) fn decided(&self, plan: &Plan, at: i64) {
        for phase in Phase::ALL {
            let now = if phase == plan.phase { 1.0 } else { 0.0 };
            self.phase.with_label_values(&[phase.as_str()]).set(now);
        }
        #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 fit for ages")]
        self.phase_time.set(at as f64);
        self.own.decided(plan);
    }

    /// What the loop saw of the queues.
    pub(crate) fn queues(&self, seen: queues::Seen) {
        *self.queues.write() = seen;
    }

    /// Whether sabakan integration is on: its metrics are shown only then.
    pub(crate) fn integrates(&self, enabled: bool) {
        self.integrates.store(enabled, Ordering::Relaxed);
    }

    /// How the last generation of a cluster went: workers by role and unused machines, or that it failed.
    pub(crate) fn integrated(&self, result: Option<(&BTreeMap<String, usize>, usize)>, at: i64) {
        self.integrates(true);
        self.integration.update(result, at);
    }

    /// The text of a scrape.
    ///
    /// # Errors
    /// When a metric cannot be written.
    pub(crate) fn text(&self) -> Result<String, prometheus::Error> {
        let mut families = self.always.gather();
        if self.is_leader.load(Ordering::Relaxed) {
            families.extend(self.leading.gather());
            families.extend(self.queues.read().families()?);
            if self.integrates.load(Ordering::Relaxed) {
                families.extend(self.sabakan.gather());
            }
        }
        let mut text = Vec::new();
        TextEncoder::new().encode(&families, &mut text)?;
        String::from_utf8(text).map_err(|error| prometheus::Error::Msg(error.to_string()))
    }
}

impl Integration {
    fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        Ok(Self {
            successful: gauge(
                registry,
                "cke_sabakan_integration_successful",
                "1 if sabakan-integration satisfies constraints.",
            )?,
            time: gauge(
                registry,
                "cke_sabakan_integration_timestamp_seconds",
                "The Unix timestamp when sabakan_integration_successful was last updated.",
            )?,
            workers: gauges(
                registry,
                "cke_sabakan_workers",
                "The number of worker nodes for each role.",
                "role",
            )?,
            unused: gauge(
                registry,
                "cke_sabakan_unused_machines",
                "The number of unused machines.",
            )?,
        })
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of machines and seconds fit")]
    fn update(&self, result: Option<(&BTreeMap<String, usize>, usize)>, at: i64) {
        self.time.set(at as f64);
        self.successful.set(if result.is_some() { 1.0 } else { 0.0 });
        let Some((workers, unused)) = result else { return };
        self.workers.reset();
        for (role, count) in workers {
            self.workers.with_label_values(&[role.as_str()]).set(*count as f64);
        }
        self.unused.set(unused as f64);
    }
}

fn gauge(registry: &Registry, name: &str, help: &str) -> Result<Gauge, prometheus::Error> {
    let gauge = Gauge::new(name, help)?;
    registry.register(Box::new(gauge.clone()))?;
    Ok(gauge)
}

fn gauges(registry: &Registry, name: &str, help: &str, label: &str) -> Result<GaugeVec, prometheus::Error> {
    let gauges = GaugeVec::new(Opts::new(name, help), &[label])?;
    registry.register(Box::new(gauges.clone()))?;
    Ok(gauges)
}

pub(crate) use queues::Seen;

#[cfg(test)]
mod tests;
