//! The addresses of a place.

use super::validate::Space;
use super::{IpamConfig, IpamError};
use crate::machine::{BmcInfo, Machine, MachineInfo, NetworkInfo, NicConfig};
use std::net::Ipv4Addr;

/// Why a place has no addresses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// The plan itself is not usable.
    #[error("the IPAM configuration is not usable")]
    Config(#[from] IpamError),
    /// The formula leaves the pool.
    #[error("rack {rack}, index {index} lies outside of {pool}: the formula gives an address past its end")]
    Outside {
        /// Rack of the place.
        rack: u64,
        /// Index in the rack.
        index: u64,
        /// Which pool, by the name of its member.
        pool: &'static str,
    },
}

/// What the formulas give for one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses {
    /// Addresses of the operating system, with their gateways.
    pub nodes: Vec<(Ipv4Addr, Ipv4Addr)>,
    /// Prefix length of their networks.
    pub node_mask_bits: u8,
    /// Address of the board management controller.
    pub bmc: Ipv4Addr,
    /// Its gateway.
    pub bmc_gateway: Ipv4Addr,
    /// Prefix length of its network.
    pub bmc_mask_bits: u8,
}

impl IpamConfig {
    /// The addresses of the machine at `index` in `rack`.
    ///
    /// # Errors
    /// When one of them would lie outside of its pool, or the plan is not valid.
    pub fn addresses(&self, rack: u64, index: u64) -> Result<Addresses, PlaceError> {
        let (node, bmc) = (self.node_space()?, self.bmc_space()?);
        let per_node = self.node_ip_per_node;
        let outside = |pool| PlaceError::Outside { rack, index, pool };
        // The last address first: a plan with a huge number of addresses a node must not make a huge list.
        node.place(per_node, rack, index, per_node.saturating_sub(1))
            .ok_or(outside("node-ipv4-pool"))?;
        let nodes: Option<Vec<_>> = (0..per_node)
            .map(|n| {
                node.place(per_node, rack, index, n)
                    .and_then(|ip| Some((ip, node.gateway_of(ip)?)))
            })
            .collect();
        let bmc_address = bmc.place(1, rack, index, 0).ok_or(outside("bmc-ipv4-pool"))?;
        Ok(Addresses {
            nodes: nodes.ok_or(outside("node-ipv4-pool"))?,
            node_mask_bits: node.mask_bits,
            bmc: bmc_address,
            bmc_gateway: bmc.gateway_of(bmc_address).ok_or(outside("bmc-ipv4-pool"))?,
            bmc_mask_bits: bmc.mask_bits,
        })
    }

    /// Writes the addresses of its place into `machine`.
    ///
    /// # Errors
    /// As [`IpamConfig::addresses`]; the machine is left as it was.
    pub fn fill_addresses(&self, machine: &mut Machine) -> Result<(), PlaceError> {
        let found = self.addresses(machine.spec.rack, machine.spec.index_in_rack)?;
        let nics = found
            .nodes
            .iter()
            .map(|(ip, gateway)| nic(*ip, found.node_mask_bits, *gateway))
            .collect();
        machine.spec.ipv4 = Some(found.nodes.iter().map(|(ip, _)| ip.to_string()).collect());
        machine.spec.ipv6 = None;
        machine.spec.bmc.ipv4 = found.bmc.to_string();
        machine.spec.bmc.ipv6.clear();
        machine.info = MachineInfo {
            network: NetworkInfo {
                ipv4: Some(nics),
                extra: std::mem::take(&mut machine.info.network.extra),
            },
            bmc: BmcInfo {
                ipv4: nic(found.bmc, found.bmc_mask_bits, found.bmc_gateway),
                extra: std::mem::take(&mut machine.info.bmc.extra),
            },
            extra: std::mem::take(&mut machine.info.extra),
        };
        Ok(())
    }

    /// The gateway of `address` in a network of the nodes; `None` when the plan is not valid.
    #[must_use]
    pub fn gateway(&self, address: Ipv4Addr) -> Option<Ipv4Addr> {
        self.node_space().ok()?.gateway_of(address)
    }

    /// The mask of the nodes' networks; `None` when the plan is not valid.
    #[must_use]
    pub fn netmask(&self) -> Option<Ipv4Addr> {
        Some(dotted(self.node_space().ok()?.mask_bits))
    }
}

impl Space {
    /// The `n`th address of the place, `None` outside of the pool.
    fn place(&self, per_node: u64, rack: u64, index: u64, n: u64) -> Option<Ipv4Addr> {
        let rack_start = self.range.checked_mul(per_node)?.checked_mul(rack)?;
        let in_rack = self.range.checked_mul(n)?.checked_add(index)?;
        let address = self.base().checked_add(rack_start)?.checked_add(in_rack)?;
        let address = Ipv4Addr::from(u32::try_from(address).ok()?);
        self.pool.contains(&address).then_some(address)
    }

    fn gateway_of(&self, address: Ipv4Addr) -> Option<Ipv4Addr> {
        let network = u32::from(address) & u32::from(dotted(self.mask_bits));
        let gateway = u64::from(network).checked_add(self.gateway)?;
        Some(Ipv4Addr::from(u32::try_from(gateway).ok()?))
    }
}

fn dotted(mask_bits: u8) -> Ipv4Addr {
    Ipv4Addr::from(u32::MAX.checked_shl(32 - u32::from(mask_bits)).unwrap_or(0))
}

fn nic(address: Ipv4Addr, mask_bits: u8, gateway: Ipv4Addr) -> NicConfig {
    NicConfig {
        address: address.to_string(),
        netmask: dotted(mask_bits).to_string(),
        maskbits: i64::from(mask_bits),
        gateway: gateway.to_string(),
        ..Default::default()
    }
}
