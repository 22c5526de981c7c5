//! Where pinned host keys are kept, and what is known of boots.

use super::Pinned;
use crate::error::Cause;
use jiff::Timestamp;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::pin::Pin;

/// What a store answers, when it does.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, Cause>> + Send + 'a>>;

/// Pinned host keys by address, and the last boot of each node. Any implementation may fail; then the node is not connected to.
pub trait HostKeyStore: Send + Sync + 'static {
    /// The pinned key.
    fn pinned<'a>(&'a self, address: &'a str) -> Answer<'a, Option<Pinned>>;

    /// Keeps a key instead of what was pinned.
    fn pin<'a>(&'a self, address: &'a str, key: Pinned) -> Answer<'a, ()>;

    /// When the node was last seen to boot, or was told to; none where nobody knows.
    fn last_boot<'a>(&'a self, address: &'a str) -> Answer<'a, Option<Timestamp>>;
}

/// A store that lasts as long as the process.
#[derive(Debug, Default)]
pub struct MemoryStore {
    pinned: Mutex<HashMap<String, Pinned>>,
    boots: Mutex<HashMap<String, Timestamp>>,
}

impl MemoryStore {
    /// Notes a boot.
    pub fn saw_boot(&self, address: &str, at: Timestamp) {
        self.boots.lock().insert(address.to_owned(), at);
    }

    /// Forgets the pinned key: the next one is taken.
    pub fn forget(&self, address: &str) {
        self.pinned.lock().remove(address);
    }
}

impl HostKeyStore for MemoryStore {
    fn pinned<'a>(&'a self, address: &'a str) -> Answer<'a, Option<Pinned>> {
        let pinned = self.pinned.lock().get(address).cloned();
        Box::pin(async move { Ok(pinned) })
    }

    fn pin<'a>(&'a self, address: &'a str, key: Pinned) -> Answer<'a, ()> {
        self.pinned.lock().insert(address.to_owned(), key);
        Box::pin(async { Ok(()) })
    }

    fn last_boot<'a>(&'a self, address: &'a str) -> Answer<'a, Option<Timestamp>> {
        let boot = self.boots.lock().get(address).copied();
        Box::pin(async move { Ok(boot) })
    }
}
