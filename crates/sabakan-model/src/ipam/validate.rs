//! What an address plan must look like, and its parts as numbers.

use super::IpamConfig;
use ipnet::Ipv4Net;
use std::net::Ipv4Addr;

/// Why an address plan was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IpamError {
    /// A number that must not be zero is zero.
    #[error("{0} must not be zero")]
    Zero(&'static str),
    /// A pool is not an IPv4 network.
    #[error("invalid {field} {value:?}: it must be an IPv4 network such as 10.69.0.0/16")]
    Pool {
        /// Name of the member.
        field: &'static str,
        /// What it says.
        value: String,
    },
    /// A pool's address has bits beyond its prefix.
    #[error("host part of {0} must be cleared")]
    HostBits(&'static str),
    /// An offset is not written like an IPv4 address.
    #[error("invalid {field} {value:?}: it must be written like an IPv4 address such as 0.0.1.0")]
    Offset {
        /// Name of the member.
        field: &'static str,
        /// What it says.
        value: String,
    },
    /// A number is outside of its bounds.
    #[error("{field} must be between {min} and {max}, not {value}")]
    Bounds {
        /// Name of the member.
        field: &'static str,
        /// What it says.
        value: u64,
        /// The least it may be.
        min: u64,
        /// The most it may be.
        max: u64,
    },
}

/// One address space of the plan as numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Space {
    pub(super) pool: Ipv4Net,
    pub(super) offset: u64,
    /// Addresses in one range.
    pub(super) range: u64,
    pub(super) mask_bits: u8,
    pub(super) gateway: u64,
}

impl Space {
    /// The first address that the formulas count from.
    pub(super) fn base(&self) -> u64 {
        u64::from(u32::from(self.pool.network())) + self.offset
    }
}

impl IpamConfig {
    /// Checks the plan.
    ///
    /// # Errors
    /// The first rule that is broken, with the member's name.
    pub fn validate(&self) -> Result<(), IpamError> {
        nonzero("max-nodes-in-rack", self.max_nodes_in_rack)?;
        nonzero("node-ip-per-node", self.node_ip_per_node)?;
        nonzero("node-index-offset", self.node_index_offset)?;
        nonzero("node-gateway-offset", self.node_gateway_offset)?;
        nonzero("bmc-ipv4-gateway-offset", self.bmc_ipv4_gateway_offset)?;
        self.node_space()?;
        self.bmc_space()?;
        Ok(())
    }

    pub(super) fn node_space(&self) -> Result<Space, IpamError> {
        Ok(Space {
            pool: pool("node-ipv4-pool", &self.node_ipv4_pool)?,
            offset: offset("node-ipv4-offset", &self.node_ipv4_offset)?,
            range: range("node-ipv4-range-size", self.node_ipv4_range_size)?,
            mask_bits: mask("node-ipv4-range-mask", self.node_ipv4_range_mask)?,
            gateway: self.node_gateway_offset,
        })
    }

    pub(super) fn bmc_space(&self) -> Result<Space, IpamError> {
        Ok(Space {
            pool: pool("bmc-ipv4-pool", &self.bmc_ipv4_pool)?,
            offset: offset("bmc-ipv4-offset", &self.bmc_ipv4_offset)?,
            range: range("bmc-ipv4-range-size", self.bmc_ipv4_range_size)?,
            mask_bits: mask("bmc-ipv4-range-mask", self.bmc_ipv4_range_mask)?,
            gateway: self.bmc_ipv4_gateway_offset,
        })
    }
}

fn nonzero(field: &'static str, value: u64) -> Result<(), IpamError> {
    if value == 0 {
        Err(IpamError::Zero(field))
    } else {
        Ok(())
    }
}

fn pool(field: &'static str, value: &str) -> Result<Ipv4Net, IpamError> {
    let net: Ipv4Net = value.parse().map_err(|_| IpamError::Pool {
        field,
        value: value.to_owned(),
    })?;
    if net.addr() == net.network() {
        Ok(net)
    } else {
        Err(IpamError::HostBits(field))
    }
}

fn offset(field: &'static str, value: &str) -> Result<u64, IpamError> {
    if value.is_empty() {
        return Ok(0);
    }
    let address: Ipv4Addr = value.parse().map_err(|_| IpamError::Offset {
        field,
        value: value.to_owned(),
    })?;
    Ok(u64::from(u32::from(address)))
}

/// The original shifts by any number of bits; from 32 on no address of a rack would exist.
fn range(field: &'static str, bits: u64) -> Result<u64, IpamError> {
    nonzero(field, bits)?;
    within(field, bits, 1, 31).map(|bits| 1u64 << bits)
}

fn mask(field: &'static str, bits: u64) -> Result<u8, IpamError> {
    within(field, bits, 8, 32)
}

fn within(field: &'static str, value: u64, min: u64, max: u64) -> Result<u8, IpamError> {
    let bounds = IpamError::Bounds { field, value, min, max };
    if !(min..=max).contains(&value) {
        return Err(bounds);
    }
    u8::try_from(value).map_err(|_| bounds)
}
