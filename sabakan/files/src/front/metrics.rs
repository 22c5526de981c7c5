//! Counts of the front.

use prometheus::{IntCounter, IntGauge, Registry};

/// Counters, registered once in a program.
#[derive(Debug, Clone)]
pub struct Metrics {
    /// Connections taken.
    pub accepted: IntCounter,
    /// Connections answered 503 for there being too many.
    pub refused: IntCounter,
    /// Connections open now, handed-over ones included.
    pub open: IntGauge,
    /// Requests answered on the fast path.
    pub served: IntCounter,
    /// Bytes of files sent on the fast path.
    pub bytes: IntCounter,
    /// Answers that were cut before their end: the peer went away, stalled or was too slow.
    pub aborted: IntCounter,
    /// Connections handed over to hyper.
    pub handed_over: IntCounter,
    /// Heads that were too slow or too large.
    pub bad_heads: IntCounter,
}

impl Metrics {
    /// Makes and registers them.
    ///
    /// # Errors
    /// When one is registered already.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let counter = |name: &str, help: &str| {
            let counter = IntCounter::new(format!("sabakan_front_{name}"), help)?;
            registry.register(Box::new(counter.clone()))?;
            Ok::<_, prometheus::Error>(counter)
        };
        let open = IntGauge::new("sabakan_front_open_connections", "HTTP connections open now.")?;
        registry.register(Box::new(open.clone()))?;
        Ok(Self {
            accepted: counter("accepted_total", "HTTP connections taken.")?,
            refused: counter("refused_total", "HTTP connections refused because of too many.")?,
            open,
            served: counter("served_total", "Requests for files answered by sendfile.")?,
            bytes: counter("sent_bytes_total", "Bytes of files sent by sendfile.")?,
            aborted: counter("aborted_total", "Answers cut before their end.")?,
            handed_over: counter("handed_over_total", "HTTP connections handed over to the API.")?,
            bad_heads: counter("bad_heads_total", "Request heads that were too slow or too large.")?,
        })
    }

    /// Counts a connection as open until the guard is dropped.
    pub(super) fn opened(&self) -> OpenGuard {
        self.open.inc();
        OpenGuard(self.open.clone())
    }
}

pub(super) struct OpenGuard(IntGauge);

impl Drop for OpenGuard {
    fn drop(&mut self) {
        self.0.dec();
    }
}
