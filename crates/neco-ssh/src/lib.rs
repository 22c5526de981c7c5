//! A fleet of nodes to run commands on, over SSH connections that are kept.
//!
//! A node's connection is made when the first command wants it, kept afterwards, and made anew when it breaks, with a back-off
//! for nodes that do not answer. Many commands run at once, each with a deadline of its own: a node that hangs costs
//! the others nothing. Host keys are pinned at first contact ([`host_key`]).
//!
//! Whoever runs commands takes a [`Runner`]; the two there are: [`Fleet`], which speaks SSH, and [`memory::Fleet`], whose
//! nodes are functions, for benchmarks and tests.
//!
//! It is *not* a shell: a command is one string for the login shell of the node's user, and the caller quotes.
//! No secret may be part of it, for it can be seen in the node's process table: secrets go to standard input.

mod back_off;
mod counters;
mod error;
pub mod fleet;
pub mod host_key;
mod keys;
pub mod memory;
mod runner;

pub use back_off::BackOff;
pub use counters::Counts;
pub use error::{Cause, Doing, Error};
pub use fleet::{Fleet, Options};
pub use host_key::{HostKeyStore, MemoryStore, Pinned, Policy};
pub use keys::{KeyError, Keys};
pub use runner::{NodeAddress, Output, Runner};
