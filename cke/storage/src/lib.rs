//! Everything of CKE in etcd, typed: what operators declare, what the leader records, both queues.
//!
//! Keys and values are those of the original, to the byte; what is new lies under `neco/`, which the original never reads.
//! Each write of the leader carries the guard of its leadership, so that a former leader writes nothing; each write of a
//! command that changes something compares with what it has read. A value that does not parse costs that value only: it is
//! named, and the rest goes on.
//!
//! Nothing is decided here, and nothing is kept in memory.

mod cluster;
mod controls;
mod credentials;
mod error;
mod keys;
mod leadership;
mod queue;
mod records;
mod resources;
mod sabakan;
mod status;
mod switch;
mod value;
mod world;

pub use controls::{HostKey, OperationProgress};
pub use credentials::ServiceAccount;
pub use error::StorageError;
pub use keys::PREFIX;
pub use queue::{Modified, Queue, QueueEntry};
pub use records::{RecordWatch, Records};
pub use resources::Resources;
pub use sabakan::Variables;
pub use switch::Switch;
pub use value::{Listing, Stored, Unreadable};
pub use world::World;

use neco_etcd::Etcd;

/// The handle on CKE's state. Cloning it is cheap.
#[derive(Debug, Clone)]
pub struct Storage {
    etcd: Etcd,
}

impl Storage {
    /// The state below the client's prefix, which should be [`PREFIX`] unless it is configured.
    #[must_use]
    pub fn new(etcd: Etcd) -> Self {
        Self { etcd }
    }

    /// The client.
    #[must_use]
    pub fn etcd(&self) -> &Etcd {
        &self.etcd
    }
}

/// What values of ours say about who wrote them.
const WRITER: &str = env!("CARGO_PKG_VERSION");

/// The layout of our own values: readers that know a lower one leave them alone.
const LAYOUT: u64 = 1;

/// How often a write is tried again because somebody else wrote in between.
const ATTEMPTS: usize = 16;
