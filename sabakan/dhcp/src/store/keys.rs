//! The keys of DHCP in etcd, relative to sabakan's prefix.

use std::net::Ipv4Addr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Maps of leases, one a range. The original's.
pub(super) const USAGES: &str = "lease-usages/";
/// What is ours alone.
pub(super) const OURS: &str = "neco/dhcp/";
/// Heartbeats.
pub(super) const SERVERS: &str = "neco/dhcp/servers/";
/// One key a server, written with each of its commits: a change of a range without one comes from another program.
pub(super) const COMMITS: &str = "neco/dhcp/commits/";
/// Addresses that were given back before their lease's end.
pub(super) const RESTS: &str = "neco/dhcp/rests/";

/// The version of the values here, and the oldest program that can read them.
pub(super) const VERSION: u32 = 1;

pub(super) fn usage(first: Ipv4Addr) -> String {
    format!("{USAGES}{first}")
}

pub(super) fn usage_of(key: &str) -> Option<Ipv4Addr> {
    key.strip_prefix(USAGES)?.parse().ok()
}

pub(super) fn rest(first: Ipv4Addr, index: u32) -> String {
    format!("{RESTS}{first}/{index}")
}

pub(super) fn rests(first: Ipv4Addr) -> String {
    format!("{RESTS}{first}/")
}

pub(super) fn rest_of(key: &str) -> Option<(Ipv4Addr, u32)> {
    let (first, index) = key.strip_prefix(RESTS)?.split_once('/')?;
    Some((first.parse().ok()?, index.parse().ok()?))
}

/// The value of a rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StoredRest {
    pub(super) writer: u32,
    pub(super) reader: u32,
    /// Who gave the address back.
    pub(super) mac: String,
    /// The end of the lease that it gave back.
    pub(super) until: Timestamp,
}

/// The value of a server's commit mark.
pub(super) const COMMIT_MARK: &str = r#"{"writer":1,"reader":1}"#;

/// Reads `aa:bb:..`.
pub(super) fn parse_mac(text: &str) -> Option<crate::mac::Mac> {
    let octets: Option<Vec<u8>> = text
        .split(':')
        .map(|octet| u8::from_str_radix(octet, 16).ok())
        .collect();
    crate::mac::Mac::new(&octets?)
}
