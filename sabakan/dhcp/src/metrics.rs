//! What the server counts. Labels are bounded: words of enums, never a client's or a relay's address.

use prometheus::{
    Gauge, Histogram, HistogramOpts, HistogramTimer, IntCounter, IntCounterVec, IntGauge, Opts, Registry,
};

use crate::decide::{DropReason, WaitReason};
use crate::packet::Kind;
use crate::reply::ReplyKind;

/// The metrics of the DHCP server.
#[derive(Clone, Debug)]
pub struct Metrics {
    received: IntCounterVec,
    replied: IntCounterVec,
    silent: IntCounterVec,
    waited: IntCounterVec,
    commits: IntCounterVec,
    commit_seconds: Histogram,
    group_leases: Histogram,
    foreign_writes: IntCounter,
    from_memory: IntCounter,
    probe_hits: IntCounter,
    etcd_away: IntGauge,
    servers: IntGauge,
    skew: Gauge,
    broken_values: IntCounter,
    boot_events_dropped: IntCounter,
    log_dropped: IntCounter,
}

fn words(registry: &Registry, name: &str, help: &str, label: &str) -> Result<IntCounterVec, prometheus::Error> {
    let metric = IntCounterVec::new(Opts::new(name, help).namespace("sabakan"), &[label])?;
    registry.register(Box::new(metric.clone()))?;
    Ok(metric)
}

fn counter(registry: &Registry, name: &str, help: &str) -> Result<IntCounter, prometheus::Error> {
    let metric = IntCounter::with_opts(Opts::new(name, help).namespace("sabakan"))?;
    registry.register(Box::new(metric.clone()))?;
    Ok(metric)
}

fn gauge(registry: &Registry, name: &str, help: &str) -> Result<IntGauge, prometheus::Error> {
    let metric = IntGauge::with_opts(Opts::new(name, help).namespace("sabakan"))?;
    registry.register(Box::new(metric.clone()))?;
    Ok(metric)
}

fn histogram(registry: &Registry, name: &str, help: &str, buckets: Vec<f64>) -> Result<Histogram, prometheus::Error> {
    let opts = HistogramOpts::new(name, help).namespace("sabakan").buckets(buckets);
    let metric = Histogram::with_opts(opts)?;
    registry.register(Box::new(metric.clone()))?;
    Ok(metric)
}

impl Metrics {
    /// Registers all metrics, each label at zero.
    ///
    /// # Errors
    /// prometheus', when a name is registered already.
    pub fn register(registry: &Registry) -> Result<Metrics, prometheus::Error> {
        let skew = Gauge::with_opts(
            Opts::new(
                "dhcp_clock_skew_seconds",
                "Largest difference between this server's clock and another's",
            )
            .namespace("sabakan"),
        )?;
        registry.register(Box::new(skew.clone()))?;
        let times = vec![0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0];
        let sizes = vec![1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0];
        let metrics = Metrics {
            received: words(
                registry,
                "dhcp_packets_received_total",
                "DHCP packets by message type",
                "type",
            )?,
            replied: words(registry, "dhcp_replies_total", "DHCP replies by message type", "type")?,
            silent: words(
                registry,
                "dhcp_silent_total",
                "DHCP packets without a reply, by reason",
                "reason",
            )?,
            waited: words(
                registry,
                "dhcp_waits_total",
                "DHCP replies that had to wait, by reason",
                "reason",
            )?,
            commits: words(
                registry,
                "dhcp_commits_total",
                "Transactions on leases by result",
                "result",
            )?,
            commit_seconds: histogram(
                registry,
                "dhcp_commit_seconds",
                "Duration of transactions on leases",
                times,
            )?,
            group_leases: histogram(
                registry,
                "dhcp_commit_changes",
                "Changes of leases in one transaction",
                sizes,
            )?,
            foreign_writes: counter(
                registry,
                "dhcp_foreign_writes_total",
                "Changes of ranges by programs that keep no offers in memory",
            )?,
            from_memory: counter(
                registry,
                "dhcp_acks_from_memory_total",
                "Known clients acknowledged for the time left while etcd was away",
            )?,
            probe_hits: counter(
                registry,
                "dhcp_conflicts_total",
                "Free addresses at which somebody answered",
            )?,
            etcd_away: gauge(registry, "dhcp_etcd_away", "1 while etcd cannot be reached")?,
            servers: gauge(
                registry,
                "dhcp_servers",
                "Live DHCP servers on this etcd, this one included",
            )?,
            skew,
            broken_values: counter(
                registry,
                "dhcp_broken_values_total",
                "Stored ranges that could not be read",
            )?,
            boot_events_dropped: counter(
                registry,
                "dhcp_boot_events_dropped_total",
                "Boot events lost to a full queue",
            )?,
            log_dropped: counter(
                registry,
                "dhcp_event_log_dropped_total",
                "Lines of the event log that were lost",
            )?,
        };
        metrics.start_at_zero();
        Ok(metrics)
    }

    fn start_at_zero(&self) {
        for kind in [
            Kind::Discover,
            Kind::Request,
            Kind::Decline,
            Kind::Release,
            Kind::Inform,
        ] {
            self.received.with_label_values(&[kind.word()]);
        }
        for kind in [ReplyKind::Offer, ReplyKind::Ack, ReplyKind::Nak] {
            self.replied.with_label_values(&[kind.word()]);
        }
        for reason in DropReason::ALL {
            self.silent.with_label_values(&[reason.word()]);
        }
        for reason in WaitReason::ALL {
            self.waited.with_label_values(&[reason.word()]);
        }
        for result in ["committed", "moved", "failed"] {
            self.commits.with_label_values(&[result]);
        }
    }

    pub(crate) fn received(&self, kind: Kind) {
        self.received.with_label_values(&[kind.word()]).inc();
    }

    pub(crate) fn replied(&self, kind: ReplyKind) {
        self.replied.with_label_values(&[kind.word()]).inc();
    }

    pub(crate) fn silent(&self, reason: DropReason) {
        self.silent.with_label_values(&[reason.word()]).inc();
    }

    pub(crate) fn waited(&self, reason: WaitReason) {
        self.waited.with_label_values(&[reason.word()]).inc();
    }

    pub(crate) fn group(&self, _ranges: usize, changes: usize) {
        self.group_leases
            .observe(f64::from(u32::try_from(changes).unwrap_or(u32::MAX)));
    }

    pub(crate) fn commit_timer(&self) -> HistogramTimer {
        self.commit_seconds.start_timer()
    }

    pub(crate) fn committed(&self) {
        self.commits.with_label_values(&["committed"]).inc();
    }

    pub(crate) fn commit_moved(&self) {
        self.commits.with_label_values(&["moved"]).inc();
    }

    pub(crate) fn commit_failed(&self) {
        self.commits.with_label_values(&["failed"]).inc();
    }

    pub(crate) fn foreign_write(&self) {
        self.foreign_writes.inc();
    }

    pub(crate) fn acked_from_memory(&self) {
        self.from_memory.inc();
    }

    pub(crate) fn conflict(&self) {
        self.probe_hits.inc();
    }

    pub(crate) fn set_away(&self, away: bool) {
        self.etcd_away.set(i64::from(away));
    }

    pub(crate) fn servers(&self, live: u32, skew: f64) {
        self.servers.set(i64::from(live));
        self.skew.set(skew);
    }

    pub(crate) fn broken(&self, broken: bool) {
        if broken {
            self.broken_values.inc();
        }
    }

    pub(crate) fn boot_event_dropped(&self) {
        self.boot_events_dropped.inc();
    }

    pub(crate) fn log_dropped(&self) {
        self.log_dropped.inc();
    }
}
