//! The program `rivers` between real sockets on loopback, with upstreams that come, go, refuse and hang.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod faults;
mod lifecycle;
mod load;
mod process;
mod upstream;
