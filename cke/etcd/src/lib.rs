//! The cluster's own etcd, on the control-plane nodes: its members, its users, its health, its backups.
//!
//! [`ClusterEtcd`] asks it, as the user `root` and with mutual TLS; connections are kept, one for each member. [`Access`] keeps
//! one with a certificate that is still good. [`restore`] is the way from a backup to a healthy cluster, as data.
//!
//! It is *not* CKE's own etcd on the boot servers, and it starts no container: [`ClusterEtcd::add_member`] gives the members
//! that whoever starts one needs.

mod access;
mod action;
mod add;
mod clients;
mod cluster;
mod error;
mod health;
mod members;
mod remove;
pub mod restore;
mod snapshot;
mod status;
mod users;
mod wait;

pub use access::Access;
pub use clients::RootCredentials;
pub use cluster::ClusterEtcd;
pub use error::Error;
pub use health::MemberState;
pub use members::{endpoint_of, member_name};
pub use snapshot::{Backup, SnapshotError, file_name, verify};
