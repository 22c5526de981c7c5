//! Limits of the front.

use std::time::Duration;

/// Limits and deadlines; the default is for a boot server of a few thousand machines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Threads that send files.
    pub threads: usize,
    /// Connections at once, handed-over ones included; more are answered 503 and closed.
    pub max_connections: usize,
    /// Bytes of one request's head; more is 431.
    pub max_head: usize,
    /// From a head's first byte to its last; slower clients are cut.
    pub head_timeout: Duration,
    /// How long a connection may stay open between requests.
    pub idle_timeout: Duration,
    /// How long the peer may take nothing at all while it is sent to.
    pub stall_timeout: Duration,
    /// Bytes a second below which a transfer is cut, once `stall_timeout` has passed; a peer that takes a byte now and
    /// then would hold its place for ever.
    pub min_rate: u64,
    /// How long transfers may go on after the stop.
    pub drain: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            threads: 2,
            max_connections: 8192,
            max_head: 16 * 1024,
            head_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(75),
            stall_timeout: Duration::from_secs(30),
            min_rate: 4 * 1024,
            drain: Duration::from_secs(10),
        }
    }
}
