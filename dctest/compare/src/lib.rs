//! Ours beside others: the original's own suite over our programs, and figures with their peers in one run.
//!
//! Not part of `make test`: the peers are not part of this project, and nothing of them is built or kept here. Variables
//! say where they are; `make peers` and `make bench` use those that are set.
#![allow(clippy::print_stdout, reason = "commands for developers: they speak on the terminal")]

pub mod answers;
pub mod archive;
pub mod bench;
pub mod certs;
pub mod commands;
pub mod facts;
pub mod ignitions;
pub mod load;
pub mod network;
pub mod programs;
pub mod shared;
pub mod site;
pub mod suite;
pub mod table;
