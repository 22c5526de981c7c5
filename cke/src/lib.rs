//! The daemon that builds Kubernetes clusters on nodes, and keeps them.
//!
//! One of several servers leads ([`lead`]). Its loop is the same each time ([`round`]): read what is wanted ([`cke_storage`]), look at the
//! cluster ([`observe`]), decide ([`cke_plan`], which is pure), and apply what was decided ([`apply`]), with a record of each
//! operation. Events in etcd and in Kubernetes only wake the loop.
//!
//! What reaches outside is kept in [`hands`] for as long as this server leads: connections to nodes, to the cluster's etcd, to its API
//! servers and to Vault. A healthy loop makes no new one.

mod apply;
mod command;
mod failpoints;
mod failures;
mod hands;
mod host_keys;
mod http;
mod integrate;
mod lead;
mod local;
mod metrics;
mod observe;
pub mod options;
mod report;
mod round;
mod run;
mod wake;

pub use command::main;
pub use run::run;
