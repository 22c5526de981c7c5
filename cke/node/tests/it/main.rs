//! Engines over nodes in memory, and probes against real servers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "../recorded/mod.rs"]
mod recorded;

mod applying;
mod health;
mod observing;
