#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
use super::*;
use crate::{Machine, MachineSpec};
use proptest::prelude::*;
use std::net::Ipv4Addr;

pub(crate) fn sample() -> IpamConfig {
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
        ..Default::default()
    }
}

fn ip(text: &str) -> Ipv4Addr {
    text.parse().unwrap()
}

#[test]
fn addresses_follow_the_formula() {
    let cases = [
        (
            1,
            3,
            ["10.69.0.195", "10.69.1.3", "10.69.1.67"],
            "10.69.0.193",
            "10.72.17.35",
        ),
        (
            0,
            5,
            ["10.69.0.5", "10.69.0.69", "10.69.0.133"],
            "10.69.0.1",
            "10.72.17.5",
        ),
    ];
    for (rack, index, nodes, gateway, bmc) in cases {
        let found = sample().addresses(rack, index).unwrap();
        assert_eq!(
            found.nodes.iter().map(|(ip, _)| ip.to_string()).collect::<Vec<_>>(),
            nodes
        );
        assert_eq!(found.nodes[0].1, ip(gateway));
        assert_eq!((found.bmc, found.bmc_gateway), (ip(bmc), ip("10.72.16.1")));
    }
}

#[test]
fn a_machine_gets_its_interfaces() {
    let spec = MachineSpec {
        rack: 1,
        index_in_rack: 3,
        ..Default::default()
    };
    let mut machine = Machine {
        spec,
        ..Default::default()
    };
    sample().fill_addresses(&mut machine).unwrap();
    let nic = &machine.info.network.ipv4.as_ref().unwrap()[0];
    assert_eq!(
        (nic.netmask.as_str(), nic.maskbits, nic.gateway.as_str()),
        ("255.255.255.192", 26, "10.69.0.193")
    );
    let bmc = &machine.info.bmc.ipv4;
    assert_eq!(
        (bmc.netmask.as_str(), bmc.maskbits, bmc.address.as_str()),
        ("255.255.240.0", 20, "10.72.17.35")
    );
}

#[test]
fn places_past_the_pool_are_refused() {
    let outside = |rack, index| matches!(sample().addresses(rack, index), Err(PlaceError::Outside { .. }));
    assert!(!outside(20, 31) && outside(21, 63) && outside(22, 3));
    assert!(outside(1 << 32, 3) && outside(u64::MAX, 3) && outside(0, u64::MAX));
    let many = IpamConfig {
        node_ip_per_node: u64::MAX,
        ..sample()
    };
    assert!(many.addresses(0, 3).is_err() && many.addresses(1, 3).is_err());
    let small_bmc = IpamConfig {
        bmc_ipv4_pool: "10.72.16.0/24".into(),
        ..sample()
    };
    let error = small_bmc.addresses(0, 3).unwrap_err().to_string();
    assert!(error.contains("bmc-ipv4-pool"), "{error}");
}

type Break = fn(&mut IpamConfig);

#[test]
fn a_plan_is_refused_with_the_member_that_is_wrong() {
    assert_eq!(sample().validate(), Ok(()));
    let broken: [(&str, Break); 17] = [
        ("max-nodes-in-rack", |c| c.max_nodes_in_rack = 0),
        ("node-ipv4-pool", |c| c.node_ipv4_pool = "10.69.0.1/20".into()),
        ("node-ipv4-pool", |c| c.node_ipv4_pool = "10.69.0.0".into()),
        ("node-ipv4-pool", |c| c.node_ipv4_pool = "fd00::/64".into()),
        ("node-ipv4-offset", |c| c.node_ipv4_offset = "x".into()),
        ("node-ipv4-offset", |c| c.node_ipv4_offset = "::1".into()),
        ("node-ipv4-range-size", |c| c.node_ipv4_range_size = 0),
        ("node-ipv4-range-size", |c| c.node_ipv4_range_size = 64),
        ("node-ipv4-range-mask", |c| c.node_ipv4_range_mask = 7),
        ("node-ipv4-range-mask", |c| c.node_ipv4_range_mask = 33),
        ("node-ip-per-node", |c| c.node_ip_per_node = 0),
        ("node-index-offset", |c| c.node_index_offset = 0),
        ("node-gateway-offset", |c| c.node_gateway_offset = 0),
        ("bmc-ipv4-pool", |c| c.bmc_ipv4_pool = "fd00::/64".into()),
        ("bmc-ipv4-range-size", |c| c.bmc_ipv4_range_size = 0),
        ("bmc-ipv4-range-mask", |c| c.bmc_ipv4_range_mask = 7),
        ("bmc-ipv4-gateway-offset", |c| c.bmc_ipv4_gateway_offset = 0),
    ];
    for (field, break_it) in broken {
        let mut config = sample();
        break_it(&mut config);
        let error = config.validate().unwrap_err().to_string();
        assert!(error.contains(field), "{field}: {error}");
    }
}

#[test]
fn leases_lie_behind_the_machines() {
    let range = sample().lease_range(ip("10.69.10.20")).unwrap();
    assert_eq!(
        (range.begin(), range.count(), range.key().as_str()),
        (ip("10.69.10.32"), 31, "10.69.10.32")
    );
    assert_eq!(
        (range.ip(3), range.ip(30), range.ip(31)),
        (Some(ip("10.69.10.35")), Some(ip("10.69.10.62")), None)
    );
    assert_eq!(
        (range.index_of(ip("10.69.10.62")), range.index_of(ip("10.69.10.63"))),
        (Some(30), None)
    );
    assert_eq!(range.index_of(ip("10.69.10.31")), None);
}

#[test]
fn no_leases_outside_of_the_pool() {
    for outside in [
        "10.68.10.20",
        "10.69.0.0",
        "10.99.0.1",
        "127.0.0.1",
        "224.0.0.1",
        "10.69.16.1",
        "255.255.255.255",
    ] {
        assert_eq!(sample().lease_range(ip(outside)), None, "{outside}");
    }
    let offset = IpamConfig {
        node_ipv4_offset: "0.0.4.0".into(),
        ..sample()
    };
    assert_eq!(offset.lease_range(ip("10.69.0.1")), None);
    assert_eq!(offset.lease_range(ip("10.69.4.1")).unwrap().begin(), ip("10.69.4.32"));
    let full = IpamConfig {
        max_nodes_in_rack: 60,
        ..sample()
    };
    assert_eq!(full.lease_range(ip("10.69.10.20")), None);
}

proptest! {
    #[test]
    fn no_two_places_share_an_address(a in (0u64..22, 3u64..32), b in (0u64..22, 3u64..32)) {
        prop_assume!(a != b);
        if let (Ok(x), Ok(y)) = (sample().addresses(a.0, a.1), sample().addresses(b.0, b.1)) {
            prop_assert!(x.nodes.iter().all(|n| !y.nodes.contains(n)) && x.bmc != y.bmc);
        }
    }

    #[test]
    fn no_lease_is_an_address_of_a_machine(rack in 0u64..21, index in 3u64..32) {
        let config = sample();
        for (node, _) in config.addresses(rack, index).unwrap().nodes {
            prop_assert_eq!(config.lease_range(node).unwrap().index_of(node), None);
        }
    }

    #[test]
    fn wild_plans_never_panic(bits in any::<[u64; 8]>(), rack in any::<u64>(), address in any::<u32>()) {
        let config = IpamConfig {
            node_ipv4_range_size: bits[0] % 40, node_ipv4_range_mask: bits[1] % 40, node_ip_per_node: bits[2] % 5,
            node_index_offset: bits[3], max_nodes_in_rack: bits[4], node_gateway_offset: bits[5], node_ipv4_offset: Ipv4Addr::from(address).to_string(),
            ..sample()
        };
        let _ = (config.validate(), config.addresses(rack, bits[6]), config.lease_range(address.into()), config.gateway(address.into()));
    }
}
