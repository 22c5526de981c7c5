//! The words of CKE's domain, as plain data: the desired cluster, what was observed of it, and the operations that lead from
//! one to the other.
//!
//! It is *not* a place for effects or for decisions: nothing here opens a socket, reads a clock, or chooses what to do.
//! Whatever etcd stores has the JSON of the original to the byte, and keeps members that this version does not know.

#[macro_use]
extern crate gojson;

pub mod certificate;
pub mod cluster;
pub mod constraints;
pub mod kubernetes;
pub mod observed;
pub mod operation;
pub mod phase;
pub mod reboot;
pub mod record;
pub mod repair;
pub mod resource;
pub mod service;

pub use cluster::{Cluster, Node};
pub use constraints::Constraints;
pub use observed::Observed;
pub use operation::{Action, Operation, Step};
pub use phase::Phase;
pub use record::Record;
pub use service::ServiceParams;
