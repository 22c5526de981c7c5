//! What came of a load of DHCP.

use std::time::Duration;

/// Latencies and counts of a run.
#[derive(Debug, Default)]
pub(super) struct Report {
    /// From a client's first DISCOVER to its OFFER.
    pub(super) offers: Vec<Duration>,
    /// From a REQUEST to its ACK.
    pub(super) acks: Vec<Duration>,
    /// Exchanges that got no answer to three packets, or a NAK.
    pub(super) given_up: usize,
    /// From the first packet to the last.
    pub(super) took: Duration,
}

impl Report {
    /// Leases acknowledged in a second.
    #[must_use]
    pub(super) fn rate(&self) -> f64 {
        count(self.acks.len()) / self.took.as_secs_f64()
    }

    /// Mean time to an OFFER, in milliseconds.
    #[must_use]
    pub(super) fn offer_mean_ms(&self) -> f64 {
        let total: Duration = self.offers.iter().sum();
        total.as_secs_f64() * 1000.0 / count(self.offers.len().max(1))
    }

    /// The time that one ACK in a hundred exceeds, in milliseconds.
    #[must_use]
    pub(super) fn ack_p99_ms(&self) -> f64 {
        let mut sorted = self.acks.clone();
        sorted.sort();
        let at = (sorted.len() * 99 / 100).min(sorted.len().saturating_sub(1));
        sorted.get(at).map_or(0.0, |time| time.as_secs_f64() * 1000.0)
    }
}

fn count(n: usize) -> f64 {
    f64::from(u32::try_from(n).unwrap_or(u32::MAX))
}
