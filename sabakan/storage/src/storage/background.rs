//! Work that needs no request: noticing that etcd is away, finishing others' registrations, forgetting what is old.

use crate::Storage;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// How often old audit entries, boot records and finished journals are looked for.
const HOUSEKEEPING: Duration = Duration::from_secs(3600);

impl Storage {
    pub(crate) async fn keep_house(&self, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(self.inner.options.tick);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut cleaned = Instant::now();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = ticks.tick() => {}
            }
            if !self.listen_to_etcd().await {
                continue;
            }
            self.finish_abandoned_registrations().await;
            if cleaned.elapsed() >= HOUSEKEEPING {
                cleaned = Instant::now();
                self.clean_up().await;
            }
        }
    }

    /// Asks etcd for a sign of life.
    async fn listen_to_etcd(&self) -> bool {
        let answered = match self.inner.etcd.health().await {
            Ok(health) => {
                *self.inner.heard.lock() = Instant::now();
                tracing::trace!(revision = health.revision, "etcd answers");
                true
            }
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "etcd does not answer");
                false
            }
        };
        self.inner.metrics.set_stale(self.stale_for().is_some());
        answered
    }

    async fn clean_up(&self) {
        if let Err(error) = self.compact_audit_log().await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the audit log could not be compacted"
            );
        }
        if let Err(error) = self.trim_boot_log().await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the boot log could not be trimmed"
            );
        }
        if let Err(error) = self.forget_finished_registrations().await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "finished registrations could not be forgotten"
            );
        }
    }
}
