//! Decisions over clusters in every state of their lives.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests"
)]

mod api_servers;
mod components;
mod controls;
mod convergence;
mod deadlines;
mod endpoints;
mod etcd_members;
mod explanations;
mod fixture;
mod maintain;
mod nodes;
mod properties;
mod reboots;
mod recording;
mod repairs;
mod start;
mod trouble;
mod world;
