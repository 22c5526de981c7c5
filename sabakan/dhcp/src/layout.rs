//! Where the ranges of addresses for lease lie in the node pool: plain arithmetic over the IPAM configuration.
//!
//! The pool is cut into blocks of `2^range-size` addresses, from its first address plus the offset. In each block the
//! static addresses of the machines come first; what is left, but for the last address, is for lease.

use std::net::Ipv4Addr;

/// One range of addresses for lease. Its first address is its name in etcd.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Range {
    /// The first address.
    pub first: Ipv4Addr,
    /// How many addresses it has, at least one.
    pub count: u32,
}

impl Range {
    /// The address at an index, if it is in the range.
    #[must_use]
    pub fn address(&self, index: u32) -> Option<Ipv4Addr> {
        let address = u32::from(self.first).checked_add(index)?;
        (index < self.count).then(|| Ipv4Addr::from(address))
    }

    /// The index of an address, if it is in the range.
    #[must_use]
    pub fn index(&self, address: Ipv4Addr) -> Option<u32> {
        u32::from(address)
            .checked_sub(u32::from(self.first))
            .filter(|index| *index < self.count)
    }
}

/// The pool, cut into ranges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// First address of the first block.
    pub base: u32,
    /// Last address of the pool.
    pub last: u32,
    /// A block has `2^block_bits` addresses.
    pub block_bits: u32,
    /// Where in a block the range starts.
    pub range_offset: u32,
    /// Prefix length of a node's network.
    pub mask: u8,
    /// The gateway's distance from its network's address.
    pub gateway_offset: u32,
}

impl Layout {
    /// The block that an address lies in, by its first address.
    #[must_use]
    pub fn block(&self, address: Ipv4Addr) -> Option<u32> {
        let address = u32::from(address);
        let distance = address.checked_sub(self.base)?;
        if address > self.last {
            return None;
        }
        let start = distance.checked_shr(self.block_bits)?.checked_shl(self.block_bits)?;
        self.base.checked_add(start)
    }

    /// The range of the rack that an address lies in: a relay's, an interface's or a client's. The pool's very first
    /// address is a network's own and belongs to nobody.
    #[must_use]
    pub fn range(&self, address: Ipv4Addr) -> Option<Range> {
        if u32::from(address) == self.base {
            return None;
        }
        let block = self.block(address)?;
        let size = 1_u32.checked_shl(self.block_bits)?;
        let count = size
            .checked_sub(self.range_offset)?
            .checked_sub(1)
            .filter(|count| *count > 0)?;
        let first = block.checked_add(self.range_offset)?;
        first
            .checked_add(count.checked_sub(1)?)
            .filter(|end| *end <= self.last)?;
        Some(Range {
            first: Ipv4Addr::from(first),
            count,
        })
    }

    /// Whether an address is one of the pool's at all, static ones included.
    #[must_use]
    pub fn contains(&self, address: Ipv4Addr) -> bool {
        (self.base..=self.last).contains(&u32::from(address))
    }

    /// The gateway of the network that a client's address lies in.
    #[must_use]
    pub fn gateway(&self, address: Ipv4Addr) -> Ipv4Addr {
        let mask = u32::MAX
            .checked_shl(32_u32.saturating_sub(u32::from(self.mask)))
            .unwrap_or(0);
        Ipv4Addr::from((u32::from(address) & mask).saturating_add(self.gateway_offset))
    }
}
