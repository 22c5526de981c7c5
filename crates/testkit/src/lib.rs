//! Helpers for tests: real servers, real networks, and ways to wait for them.
//!
//! Nothing here is used outside tests. A missing tool fails the test that wants it; it never skips.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test helper fails its test by panicking"
)]

pub mod dhcp;
pub mod etcd;
pub mod fleet;
pub mod golden;
pub mod machine;
pub mod netns;
mod process;
pub mod proxy;
pub mod servers;
pub mod sshd;
pub mod vault;
pub mod wait;

pub use process::own_loopback;
