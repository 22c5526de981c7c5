//! The store on a real etcd, row by row of `docs/features.md`.
#![allow(clippy::unwrap_used, clippy::panic, unreachable_pub, reason = "tests")]

mod audit;
mod boot_log;
mod common;
mod disk_keys;
mod faults;
mod machines;
mod registration;
mod schema;
mod templates;
mod vectors;
