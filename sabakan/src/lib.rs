//! The program `sabakan`: boots machines over the network and keeps their inventory.
//!
//! This crate composes. What is decided about machines lies in `sabakan-model`, what is stored in `sabakan-storage`, leases
//! in `sabakan-dhcp`, images and assets in `sabakan-files`; here are the configuration, the HTTP side with its one
//! [table of routes](route) and the [policy](policy) over it, GraphQL, metrics, and the order of start and stop.

pub mod boot;
pub mod config;
mod front;
pub mod graphql;
pub mod ignition;
pub mod ipxe;
pub mod policy;
pub mod route;
mod run;
pub mod token;
pub mod web;

pub use run::run;
