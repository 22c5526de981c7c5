//! Counts of what was done with a node, for metrics and for tests that want no handshake.

use std::ops::AddAssign;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// TCP connections that were tried.
    pub connections: u64,
    /// Handshakes that succeeded, with authentication.
    pub handshakes: u64,
    /// Commands that were asked for.
    pub commands: u64,
    /// Of those, the ones that did not end by themselves.
    pub failures: u64,
    /// Host keys that were not the pinned ones and were accepted after a boot.
    pub host_keys_accepted: u64,
    /// Host keys that were refused.
    pub host_keys_refused: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.connections += other.connections;
        self.handshakes += other.handshakes;
        self.commands += other.commands;
        self.failures += other.failures;
        self.host_keys_accepted += other.host_keys_accepted;
        self.host_keys_refused += other.host_keys_refused;
    }
}

/// Counts that are still growing.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) connections: Counter,
    pub(crate) handshakes: Counter,
    pub(crate) commands: Counter,
    pub(crate) failures: Counter,
    pub(crate) host_keys_accepted: Counter,
    pub(crate) host_keys_refused: Counter,
}

#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add_one(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counters {
    pub(crate) fn counts(&self) -> Counts {
        Counts {
            connections: self.connections.get(),
            handshakes: self.handshakes.get(),
            commands: self.commands.get(),
            failures: self.failures.get(),
            host_keys_accepted: self.host_keys_accepted.get(),
            host_keys_refused: self.host_keys_refused.get(),
        }
    }
}
