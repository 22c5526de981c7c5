//! Sees and changes nodes through their container engine, over SSH.
//!
//! [`Engine::observe`] gives the state of nodes: one SSH command each, which runs docker's client twice, and health probes over kept
//! HTTP connections. [`Engine::apply`] does a step of an operation: one SSH command a node, all nodes at once.
//! A node that fails or hangs costs itself alone, until its own deadline.
//!
//! What a node is told to run, and what its answer means, is pure text ([`observe::script`], [`observe::parse`],
//! [`apply::invocation`]). Nothing is decided here.

pub mod apply;
mod engine;
pub mod health;
pub mod observe;
#[cfg(test)]
#[path = "../tests/recorded/mod.rs"]
mod recorded;
mod shell;

pub use apply::ApplyError;
pub use engine::{Engine, Options, etcd_volume};
pub use health::{Credentials, Endpoint, HttpProbes, ProbeFn, Probes};
