//! Addresses by formula: where a machine stands decides which addresses it has, and what is left of its rack's range is
//! leased by DHCP.
//!
//! With `size = 2^node-ipv4-range-size`, the addresses of a machine are
//! `pool + offset + size * node-ip-per-node * rack + index + size * n` for `n` below `node-ip-per-node`; its BMC has
//! `bmc-pool + bmc-offset + bmc-size * rack + index`.

mod formula;
mod lease_range;
mod validate;

pub use formula::{Addresses, PlaceError};
pub use lease_range::LeaseRange;
pub use validate::IpamError;

record! {
    /// How addresses are computed. Frozen once machines exist.
    pub struct IpamConfig {
        /// Machines in a rack besides the boot server.
        "max-nodes-in-rack" max_nodes_in_rack: u64,
        /// IPv4 network of the machines.
        "node-ipv4-pool" node_ipv4_pool: String,
        /// Added to the pool's address, written like an address; empty for nothing.
        "node-ipv4-offset" (omitempty) node_ipv4_offset: String,
        /// Bits of one range.
        "node-ipv4-range-size" node_ipv4_range_size: u64,
        /// Prefix length of one range.
        "node-ipv4-range-mask" node_ipv4_range_mask: u64,
        /// Addresses, and so ranges, of one machine.
        "node-ip-per-node" node_ip_per_node: u64,
        /// Index of the boot server in its range; the others follow it.
        "node-index-offset" node_index_offset: u64,
        /// Host part of a range's gateway.
        "node-gateway-offset" node_gateway_offset: u64,
        /// IPv4 network of the board management controllers.
        "bmc-ipv4-pool" bmc_ipv4_pool: String,
        /// Added to the pool's address; empty for nothing.
        "bmc-ipv4-offset" (omitempty) bmc_ipv4_offset: String,
        /// Bits of one range.
        "bmc-ipv4-range-size" bmc_ipv4_range_size: u64,
        /// Prefix length of the controllers' network.
        "bmc-ipv4-range-mask" bmc_ipv4_range_mask: u64,
        /// Host part of the controllers' gateway.
        "bmc-ipv4-gateway-offset" bmc_ipv4_gateway_offset: u64,
    }
}

#[cfg(test)]
pub(crate) mod tests;
