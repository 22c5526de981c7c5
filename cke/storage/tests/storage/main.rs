//! CKE's state in a real etcd.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;
mod controls;
mod declared;
mod leader;
mod queues;
mod records;
mod vectors;
mod world;
