//! A closed loop of HTTP requests with their latencies.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use reqwest::{Client, RequestBuilder};

/// Latencies of a run, sorted.
#[derive(Debug, Clone)]
pub struct Latencies(Vec<Duration>);

impl Latencies {
    /// The latency that `share` (0 to 1) of the requests did not exceed.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Duration {
        let wanted = (1..=self.0.len()).find(|rank| rank_share(*rank, self.0.len()) >= share);
        wanted
            .and_then(|rank| self.0.get(rank - 1))
            .copied()
            .unwrap_or_default()
    }

    /// `p50 / p99` in milliseconds.
    #[must_use]
    pub fn summary(&self) -> String {
        format!(
            "p50 {}, p99 {}",
            millis(self.quantile(0.5)),
            millis(self.quantile(0.99))
        )
    }
}

fn rank_share(rank: usize, of: usize) -> f64 {
    f64::from(u32::try_from(rank).unwrap_or(u32::MAX)) / f64::from(u32::try_from(of).unwrap_or(u32::MAX))
}

/// A duration as people read it.
#[must_use]
pub fn millis(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1000.0)
}

/// Sends `count` requests one after the other, reads each answer whole, and fails on the first that is not a success.
///
/// # Errors
/// Names the status or the transport's error.
pub async fn one_by_one(count: usize, request: impl Fn(usize) -> RequestBuilder) -> anyhow::Result<Latencies> {
    let mut taken = Vec::with_capacity(count);
    for n in 0..count {
        let start = Instant::now();
        let answer = request(n).send().await.context("no answer")?;
        let status = answer.status();
        let body = answer.bytes().await.context("an answer was cut")?;
        taken.push(start.elapsed());
        ensure!(
            status.is_success(),
            "status {status}: {}",
            String::from_utf8_lossy(&body)
        );
    }
    taken.sort();
    Ok(Latencies(taken))
}

/// A client that keeps its connections.
///
/// # Errors
/// When TLS cannot be set up.
pub fn client() -> anyhow::Result<Client> {
    // A provider that is already there is as good.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    // Sites make a certificate of their own each.
    let builder = Client::builder().no_proxy().danger_accept_invalid_certs(true);
    Ok(builder.timeout(Duration::from_secs(120)).build()?)
}
