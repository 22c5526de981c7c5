//! The fleet against a real sshd.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod commands;
mod faults;
mod host_keys;
mod logins;
mod support;
