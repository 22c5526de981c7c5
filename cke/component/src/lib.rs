//! What each component of a cluster is made of, and every operation on it, as data.
//!
//! It is *not* the place where something is decided or done: `cke-plan` says which operation is due, others carry it out.
//! For each component a module builds the parameters of its container (`built_in`), its files, and its operations with the
//! names that the history shows; [`drift`] compares what runs with what is wanted.
//!
//! Two promises: what is built equals what CKE 1.35 built, so that a cluster is taken over without a restart, and nothing
//! here reads a clock, a file or the network.

pub mod api_server;
pub mod catalog;
pub mod cluster_dns;
pub mod config;
pub mod controller_manager;
pub mod dns;
pub mod drift;
pub mod endpoints;
pub mod etcd;
pub mod kubeconfig;
pub mod kubelet;
pub mod node_dns;
pub mod nodes;
pub mod proxy;
pub mod reboot;
pub mod repair;
pub mod resources;
pub mod rivers;
pub mod scheduler;
mod site;
mod steps;
pub mod upgrade;

pub use site::Site;
