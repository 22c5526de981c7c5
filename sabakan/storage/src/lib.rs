//! sabakan's state in etcd: machines, configurations, disk keys, templates, the audit log, the boot log.
//!
//! [`Storage`] is the one handle. It keeps what searches and boots need in memory, fed by one watch of etcd, so that reads
//! cost no round trip and go on while etcd is away. Writes go to etcd under a compare on what was read, each with its audit
//! entry in the same transaction.
//!
//! Keys and values are those of the original, to the byte; what is new lies under [`NEW_PREFIX`]. `docs/storage.md` lists
//! every key. DHCP leases are the crate `sabakan-dhcp`'s, images and assets `sabakan-files`'s.

mod answer;
mod audit;
mod boot_log;
mod configs;
mod crypts;
mod error;
mod health;
mod ignitions;
mod index;
mod journal;
mod keys;
mod machines;
mod metrics_text;
mod mirror;
mod options;
mod schema;
mod storage;
mod world;

pub use audit::{Actor, AuditDraft, AuditPage};
pub use boot_log::BootLogWalk;
pub use crypts::{DiskKey, MAX_KEY};
pub use error::StorageError;
pub use ignitions::MAX_TEMPLATE;
pub use index::{Index, MachineEntry};
pub use journal::Step;
pub use keys::{NEW_PREFIX, is_segment};
pub use machines::{Changed, MAX_MACHINES};
pub use options::{BootLogLimits, Clock, StepObserver, StorageOptions};
pub use storage::Storage;
pub use world::StoredTemplate;

/// What values of ours say about who wrote them.
pub(crate) const WRITER: &str = env!("CARGO_PKG_VERSION");
