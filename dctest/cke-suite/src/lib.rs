//! Kubernetes clusters for tests: a boot server with etcd, a Vault and `cke`, and nodes on which it builds.
//!
//! [`site`] brings all of it up and takes it away; [`daemon`] is one `cke`; [`cluster`] declares what it shall build; [`workload`] asks
//! whether the result works. What a single crate does is tested beside that crate; here it is what they do together, on real nodes.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test helper fails its test by panicking"
)]
#![allow(
    clippy::print_stdout,
    reason = "the peers are for developers: they speak on the terminal"
)]

pub mod bench;
pub mod cluster;
pub mod daemon;
pub mod doubles;
pub mod inventory;
pub mod original;
pub mod peers;
pub mod programs;
pub mod road;
pub mod site;
pub mod succession;
pub mod untouched;
pub mod workload;
