//! What a store is given besides etcd.

use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// Tells the time. Given, not taken, so that tests and simulations own it.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Is told of each step of a large registration, after it is done; tests stop a process there.
pub type StepObserver = Arc<dyn Fn(&crate::journal::Step) + Send + Sync>;

/// Settings of a [`crate::Storage`].
#[derive(Clone)]
pub struct StorageOptions {
    /// The clock behind every stored time.
    pub clock: Clock,
    /// How long [`crate::Storage::wait_for_revision`] waits at most.
    pub catch_up: Duration,
    /// A registration journal on which nothing happened for so long is finished by any server that sees it.
    pub journal_patience: Duration,
    /// How often the background work looks for journals to finish and whether etcd answers.
    pub tick: Duration,
    /// See [`StepObserver`].
    pub on_step: Option<StepObserver>,
    /// Limits of the boot log.
    pub boot_log: BootLogLimits,
    /// Disk keys of one machine, at most.
    pub max_disk_keys: usize,
}

/// How much the boot log may keep and how it is written.
#[derive(Debug, Clone, Copy)]
pub struct BootLogLimits {
    /// Events waiting to be written; more are dropped and counted.
    pub queue: usize,
    /// Events are collected for so long before they are written together.
    pub flush_every: Duration,
    /// Records (events of one machine written together) kept for one machine.
    pub per_machine: usize,
    /// Records kept in all.
    pub total: usize,
}

impl Default for BootLogLimits {
    fn default() -> Self {
        Self {
            queue: 10_000,
            flush_every: Duration::from_secs(1),
            per_machine: 100,
            total: 100_000,
        }
    }
}

impl Default for StorageOptions {
    fn default() -> Self {
        Self {
            clock: Arc::new(Timestamp::now),
            catch_up: Duration::from_secs(5),
            journal_patience: Duration::from_secs(3),
            tick: Duration::from_secs(1),
            on_step: None,
            boot_log: BootLogLimits::default(),
            max_disk_keys: 100,
        }
    }
}

impl std::fmt::Debug for StorageOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StorageOptions")
            .field("catch_up", &self.catch_up)
            .finish_non_exhaustive()
    }
}
