//! What DHCP may lease: the end of each range, behind the places of its machines.

use super::IpamConfig;
use std::net::Ipv4Addr;

/// Addresses for leases in one range of the pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LeaseRange {
    begin: Ipv4Addr,
    count: u32,
}

impl LeaseRange {
    /// The first address; as text it is the key of the range's leases in etcd.
    #[must_use]
    pub const fn begin(&self) -> Ipv4Addr {
        self.begin
    }

    /// How many addresses there are, at least one.
    #[must_use]
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// The address with an index of the stored leases; `None` past the end.
    #[must_use]
    pub fn ip(&self, index: u32) -> Option<Ipv4Addr> {
        (index < self.count).then(|| Ipv4Addr::from(u32::from(self.begin) + index))
    }

    /// The index of an address; `None` outside of the range.
    #[must_use]
    pub fn index_of(&self, address: Ipv4Addr) -> Option<u32> {
        u32::from(address)
            .checked_sub(u32::from(self.begin))
            .filter(|index| *index < self.count)
    }

    /// Key of the range's leases in etcd.
    #[must_use]
    pub fn key(&self) -> String {
        self.begin.to_string()
    }
}

impl IpamConfig {
    /// The leases for whoever asks through `interface`, an address of the server or of the relay.
    ///
    /// `None` when it lies in no range of the pool, or when the plan leaves nothing for leases. The last address of a range
    /// is its broadcast address and the one kept free.
    #[must_use]
    pub fn lease_range(&self, interface: Ipv4Addr) -> Option<LeaseRange> {
        let space = self.node_space().ok()?;
        let from_base = u64::from(u32::from(interface))
            .checked_sub(space.base())
            .filter(|diff| *diff > 0)?;
        let range_start = space.base() + from_base / space.range * space.range;
        let first = self
            .node_index_offset
            .checked_add(self.max_nodes_in_rack)?
            .checked_add(1)?;
        // Index `range - 1` is the broadcast address of the range.
        let count = (space.range - 1).checked_sub(first).filter(|count| *count > 0)?;
        let pool_end = u64::from(u32::from(space.pool.broadcast()));
        if range_start + space.range - 1 > pool_end {
            return None;
        }
        let begin = Ipv4Addr::from(u32::try_from(range_start + first).ok()?);
        Some(LeaseRange {
            begin,
            count: u32::try_from(count).ok()?,
        })
    }
}
