//! The DHCP server of sabakan, and its leases in etcd.
//!
//! A packet goes [`packet`] → [`range`] (what is known) → [`decide`] (pure) → commit → [`reply`]. Leases lie in etcd in
//! the form that the original wrote (`lease-usages/<first address>`), under compare-and-swap, so that servers of both
//! kinds share them. What is ours alone lies under `neco/dhcp/`. See `docs/dhcp.md` and `docs/adr/0004-lease-store.md`.

pub mod decide;
pub mod event_log;
pub mod facts;
pub mod layout;
pub mod limits;
pub mod mac;
pub mod metrics;
mod net;
pub mod packet;
mod probe;
pub mod range;
pub mod reply;
mod server;
pub mod site;
pub mod store;
pub mod stored;

pub use server::{BindError, Options, Server, Timing};
