//! The server with real clients, real sockets and a real etcd, in a network of each test's own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(unreachable_pub, reason = "a test has no outside")]

mod boot;
mod clients;
mod lab;
mod outage;
mod shared;
