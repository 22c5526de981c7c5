//! The words of sabakan's domain, as plain data and pure decisions over it: machines and their states, address formulas,
//! leases, queries, images, assets, ignition templates, audit entries, the time-line of a boot.
//!
//! It is *not* a place for effects: nothing here opens a socket or a file, reads a clock or runs on an async runtime.
//! Whoever needs "now" passes it in.
//!
//! Two promises hold for every type that etcd stores or the API shows:
//! - its JSON is byte for byte what Go's `encoding/json` writes for the same data ([`json::to_go_json`]), because another
//!   implementation shares the same etcd and scripts compare answers as text;
//! - fields that this version does not know survive a read-modify-write ([`json::Extra`]), because another version may
//!   have written them.

#[macro_use]
extern crate gojson;

pub mod asset;
pub mod audit;
pub mod boot_log;
pub mod dhcp;
pub mod ignition;
pub mod image;
pub mod ipam;
pub mod kernel_params;
pub mod lease;
pub mod mac;
pub mod machine;
pub mod query;
pub mod rack;
pub mod site;
pub mod state;

pub use gojson::{json, time};

pub use asset::{Asset, AssetStatus};
pub use audit::{AuditCategory, AuditEntry};
pub use boot_log::{BootEvent, Stage};
pub use dhcp::DhcpConfig;
pub use ignition::{IgnitionId, IgnitionTemplate};
pub use image::{DeletedImages, Image, ImageIndex};
pub use ipam::{IpamConfig, LeaseRange};
pub use json::{Extra, JsonError, decode_api, decode_stored, to_go_json};
pub use kernel_params::KernelParams;
pub use lease::{LeaseInfo, LeaseUsage};
pub use mac::Mac;
pub use machine::{Bmc, BmcInfo, Machine, MachineInfo, MachineSpec, MachineStatus, NetworkInfo, NicConfig};
pub use query::Query;
pub use rack::RackUsage;
pub use site::SiteConfig;
pub use state::MachineState;
pub use time::GoTime;

leaves!(MachineState, AuditCategory, Mac, Stage);

#[cfg(test)]
mod json_tests;
