//! The words of CKE's domain, as plain data: the desired cluster, what was observed of it, and the operations that lead from
//! one to the other.
//!
//! It is *not* a place for effects or for decisions: nothing here opens a socket, reads a clock, or chooses what to do.
//! Whatever etcd stores has the JSON of the original to the byte, and keeps members that this version does not know.

#[macro_use]
extern crate gojson;
#[macro_use]
mod words;

pub mod certificate;
pub mod cluster;
pub mod constraints;
pub mod controls;
pub mod file;
pub mod images;
pub mod kubernetes;
pub mod names;
pub mod observed;
pub mod operation;
pub mod phase;
pub mod reboot;
pub mod record;
pub mod repair;
pub mod resource;
pub mod sabakan;
pub mod service;
pub mod status;
pub mod vault;
pub mod yaml;

pub use cluster::{Cluster, Node};
pub use constraints::Constraints;
pub use controls::{Budget, Controls, Freeze};
pub use file::ResolvedFile;
pub use images::Images;
pub use observed::Observed;
pub use operation::{Action, Operation, Step};
pub use phase::Phase;
pub use reboot::RebootEntry;
pub use record::Record;
pub use repair::RepairEntry;
pub use resource::ResourceDefinition;
pub use service::ServiceParams;
pub use status::ServerStatus;
pub use vault::VaultConfig;

/// How often each word occurs; known ones are there with 0.
fn count_words<'a, W>(known: &'a [W], words: impl Iterator<Item = &'a W>) -> std::collections::BTreeMap<String, usize>
where
    W: std::fmt::Display + 'a,
{
    let mut counts: std::collections::BTreeMap<_, _> = known.iter().map(|word| (word.to_string(), 0)).collect();
    words.for_each(|word| *counts.entry(word.to_string()).or_default() += 1);
    counts
}

#[cfg(test)]
mod queue_tests;
