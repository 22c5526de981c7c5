//! Which rack an address belongs to, by the address formulas: the places of its machines and the addresses that DHCP
//! leases in it alike.

use sabakan_model::IpamConfig;
use std::net::{IpAddr, Ipv4Addr};

/// The rack in whose ranges the address lies.
#[must_use]
pub fn rack_of(ipam: &IpamConfig, ip: IpAddr) -> Option<u64> {
    let IpAddr::V4(ip) = ip.to_canonical() else { return None };
    let base = *ipam.addresses(0, 0).ok()?.nodes.first().map(|(ip, _gateway)| ip)?;
    let stride = range_size(ipam)?.checked_mul(ipam.node_ip_per_node)?;
    let offset = u64::from(u32::from(ip).checked_sub(u32::from(base))?);
    let rack = offset.checked_div(stride)?;
    in_rack(ipam, rack, IpAddr::V4(ip)).then_some(rack)
}

/// Does the address lie in one of the ranges of the rack?
#[must_use]
pub fn in_rack(ipam: &IpamConfig, rack: u64, ip: IpAddr) -> bool {
    let (IpAddr::V4(ip), Some(size)) = (ip.to_canonical(), range_size(ipam)) else {
        return false;
    };
    let Ok(places) = ipam.addresses(rack, 0) else {
        return false;
    };
    places.nodes.iter().any(|(start, _gateway)| covers(*start, size, ip))
}

fn covers(start: Ipv4Addr, size: u64, ip: Ipv4Addr) -> bool {
    u32::from(ip)
        .checked_sub(u32::from(start))
        .is_some_and(|offset| u64::from(offset) < size)
}

fn range_size(ipam: &IpamConfig) -> Option<u64> {
    1u64.checked_shl(u32::try_from(ipam.node_ipv4_range_size).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ipam() -> IpamConfig {
        IpamConfig {
            max_nodes_in_rack: 28,
            node_ipv4_pool: "10.69.0.0/20".into(),
            node_ipv4_range_size: 6,
            node_ipv4_range_mask: 26,
            node_ip_per_node: 3,
            node_index_offset: 3,
            node_gateway_offset: 1,
            bmc_ipv4_pool: "10.72.16.0/20".into(),
            bmc_ipv4_offset: "0.0.1.0".into(),
            bmc_ipv4_range_size: 5,
            bmc_ipv4_range_mask: 20,
            bmc_ipv4_gateway_offset: 1,
            ..IpamConfig::default()
        }
    }

    #[test]
    fn places_and_leases_of_a_rack_are_its_own() {
        let rack = |ip: &str| ip.parse().ok().and_then(|ip| rack_of(&ipam(), ip));
        assert_eq!(rack("10.69.0.4"), Some(0));
        assert_eq!(rack("10.69.0.33"), Some(0), "a lease");
        assert_eq!(rack("10.69.0.191"), Some(0));
        assert_eq!(rack("10.69.0.192"), Some(1));
        assert_eq!(rack("::ffff:10.69.1.131"), Some(2));
        for outside in ["10.68.255.255", "10.69.16.0", "10.70.0.1", "::1", "fd00::1"] {
            assert_eq!(rack(outside), None, "{outside}");
        }
    }

    #[test]
    fn a_broken_plan_has_no_racks() {
        let broken = IpamConfig {
            node_ipv4_range_size: 99,
            ..ipam()
        };
        assert_eq!(rack_of(&broken, IpAddr::V4(Ipv4Addr::new(10, 69, 0, 4))), None);
    }
}
