//! The upstream servers and what is known of them.

use std::io::ErrorKind;
use std::sync::Arc;

use tokio::sync::{Notify, watch};

/// All upstreams, in the order given.
#[derive(Debug)]
pub struct Pool {
    upstreams: Vec<Arc<Upstream>>,
    /// Counts changes of anybody's health, for those who wait for one.
    changes: watch::Sender<u64>,
}

/// One upstream.
#[derive(Debug)]
pub struct Upstream {
    /// As it was given.
    pub address: String,
    health: watch::Sender<Option<bool>>,
    /// Counts how often all connections to it were given up.
    losses: watch::Sender<u64>,
    suspected: Notify,
}

/// What a look at an upstream changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Nothing.
    None,
    /// It takes connections from now on.
    Healthy,
    /// It gets none from now on.
    Unhealthy,
}

impl Pool {
    /// None of them is known to be healthy.
    #[must_use]
    pub fn new(addresses: &[String]) -> Pool {
        let upstream = |address: &String| {
            Arc::new(Upstream {
                address: address.clone(),
                health: watch::Sender::new(None),
                losses: watch::Sender::new(0),
                suspected: Notify::new(),
            })
        };
        Pool {
            upstreams: addresses.iter().map(upstream).collect(),
            changes: watch::Sender::new(0),
        }
    }

    /// All of them, in the order given.
    #[must_use]
    pub fn upstreams(&self) -> &[Arc<Upstream>] {
        &self.upstreams
    }

    /// Those that take connections, in the order given.
    #[must_use]
    pub fn healthy(&self) -> Vec<Arc<Upstream>> {
        self.upstreams
            .iter()
            .filter(|upstream| upstream.is_healthy())
            .cloned()
            .collect()
    }

    /// Whether any takes connections.
    #[must_use]
    pub fn any_healthy(&self) -> bool {
        self.upstreams.iter().any(|upstream| upstream.is_healthy())
    }

    /// Changes of anybody's health from now on.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Takes note of a look at an upstream. Where the host did not answer at all, its connections are given up: they would hang for
    /// minutes. Where it refused, its kernel answers: what is still connected may be served to its end (a server that shuts down
    /// gracefully stops to listen first), and what is not, the kernel resets.
    pub fn learn(&self, upstream: &Upstream, found: Result<(), ErrorKind>) -> Change {
        if found.is_err_and(|kind| kind != ErrorKind::ConnectionRefused) {
            upstream.losses.send_modify(|count| *count += 1);
        }
        let healthy = found.is_ok();
        if upstream.health.send_replace(Some(healthy)) == Some(healthy) {
            return Change::None;
        }
        self.changes.send_modify(|count| *count += 1);
        if healthy { Change::Healthy } else { Change::Unhealthy }
    }
}

impl Upstream {
    /// Whether it answered when it was looked at last.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        *self.health.borrow() == Some(true)
    }

    /// Has it looked at soon: a connection to it failed.
    pub fn suspect(&self) {
        self.suspected.notify_one();
    }

    /// Returns when somebody suspects it.
    pub async fn suspected(&self) {
        self.suspected.notified().await;
    }

    /// Changes when all connections to it are given up.
    #[must_use]
    pub fn losses(&self) -> watch::Receiver<u64> {
        self.losses.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool() -> Pool {
        Pool::new(&["b:1".to_owned(), "a:1".to_owned()])
    }

    #[test]
    fn nothing_is_healthy_before_it_was_looked_at() {
        let pool = pool();
        assert!(!pool.any_healthy());
        let addresses: Vec<_> = pool.upstreams().iter().map(|u| u.address.as_str()).collect();
        assert_eq!(addresses, ["b:1", "a:1"]);
    }

    #[test]
    fn only_changes_are_told() {
        let pool = pool();
        let upstream = &pool.upstreams()[0];
        let refused = Err(ErrorKind::ConnectionRefused);
        let looks = [
            (refused, Change::Unhealthy),
            (refused, Change::None),
            (Ok(()), Change::Healthy),
            (Ok(()), Change::None),
        ];
        for (found, change) in looks {
            assert_eq!(pool.learn(upstream, found), change);
        }
        assert_eq!(pool.healthy().len(), 1);
    }

    #[test]
    fn connections_are_given_up_only_where_nobody_answers() {
        let pool = pool();
        let upstream = &pool.upstreams()[0];
        let mut losses = upstream.losses();
        pool.learn(upstream, Ok(()));
        pool.learn(upstream, Err(ErrorKind::ConnectionRefused));
        assert!(!losses.has_changed().is_ok_and(|changed| changed));
        pool.learn(upstream, Err(ErrorKind::TimedOut));
        assert!(losses.has_changed().is_ok_and(|changed| changed));
        losses.mark_unchanged();
        assert!(!pool.upstreams()[1].losses().has_changed().is_ok_and(|changed| changed));
    }
}
