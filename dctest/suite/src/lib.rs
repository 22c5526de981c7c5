//! Whole sites for tests: boot servers with the real programs, racks with relays, networks between them.
//!
//! [`server`] is one sabakan process, [`alone`] gives a test one of it with etcd behind a proxy, and [`datacenter`] lays out boot servers
//! and racks in network namespaces. What a single program does is tested beside that program; here it is what they do together.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test helper fails its test by panicking"
)]

pub mod alone;
pub mod certificate;
pub mod datacenter;
pub mod furnish;
pub mod http;
pub mod programs;
pub mod rack;
pub mod server;
