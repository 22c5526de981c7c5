//! Kubernetes' own conformance tests on a cluster that `cke` built, on the lab's nodes, without a network.
//!
//! [`skips`] holds what is not run and why, [`choice`] which tests run together and how, [`report`] reads what they gave, [`results`] keeps it
//! from run to run, and [`page`] writes it down; all of that is decided over plain data. [`images`], [`lab`], [`runner`] and [`about`] do it.

pub mod about;
pub mod choice;
pub mod images;
pub mod lab;
pub mod page;
pub mod progress;
pub mod report;
pub mod results;
pub mod runner;
pub mod skips;
