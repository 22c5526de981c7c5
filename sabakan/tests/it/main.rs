//! The real program against a real etcd, each test in a network of its own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

mod audit;
mod boot;
mod boot_log;
mod cluster;
mod config;
mod crypts;
mod faults;
mod graphql;
mod ignitions;
mod inventory;
mod lab;
mod metrics;
mod policy;
mod search;
mod vectors;
mod whole_boot;
