//! The stored form of a range's leases.
//!
//! One key a range, `lease-usages/<first address>`: a map from hardware address to index in the range and end of the lease.
//! Its rules (who gets which index, and when) belong to the DHCP server; this is what all of them read and write.

use crate::GoTime;
use crate::json::Strict;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

record! {
    /// One lease.
    pub struct LeaseInfo {
        /// Index of the address in its range.
        "index" index: i64,
        /// When it ends.
        "lease" lease: GoTime,
    }
}

/// All leases of a range by hardware address (as text, because whoever wrote it may have used other forms), or `null`
/// before the first. A declined address is parked under [`crate::Mac::declined`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LeaseUsage(pub Option<BTreeMap<String, LeaseInfo>>);

impl Strict for LeaseUsage {
    fn first_unknown(&self) -> Option<String> {
        self.0.first_unknown()
    }
}

impl LeaseUsage {
    /// The leases with their hardware addresses.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &LeaseInfo)> {
        self.0.iter().flatten().map(|(mac, lease)| (mac.as_str(), lease))
    }
}
