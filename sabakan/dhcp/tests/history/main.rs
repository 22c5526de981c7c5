//! Two servers never acknowledge one address to two clients: real processes, on one etcd, through cut networks, frozen
//! and killed, with clocks that disagree (row S19).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(unreachable_pub, reason = "a test has no outside")]

mod checker;
mod storm;
