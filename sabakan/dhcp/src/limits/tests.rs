#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use super::*;
use crate::packet::Boot;

fn packet(xid: u32, number: u8) -> Packet {
    Packet {
        kind: Kind::Discover,
        xid,
        htype: 1,
        mac: Mac::new(&[2, 0, 0, 0, 0, number]).unwrap(),
        broadcast: false,
        ciaddr: None,
        giaddr: Some(Ipv4Addr::new(10, 69, 0, 1)),
        requested: None,
        server_id: None,
        boot: Boot::None,
        relay_agent: None,
    }
}

fn limits() -> Limits {
    Limits {
        client: Rate {
            per_second: 1.0,
            burst: 3.0,
        },
        relay: Rate {
            per_second: 10.0,
            burst: 5.0,
        },
    }
}

#[test]
fn copies_are_dropped_and_repeats_are_not() {
    let (mut gate, start) = (Gate::new(limits()), Instant::now());
    assert_eq!(gate.admit(&packet(1, 1), start), Ok(()));
    let other_switch = Packet {
        giaddr: Some(Ipv4Addr::new(10, 69, 0, 2)),
        ..packet(1, 1)
    };
    assert_eq!(gate.admit(&other_switch, start), Err(DropReason::Duplicate));
    assert_eq!(
        gate.admit(&packet(1, 1), start + Duration::from_secs(1)),
        Ok(()),
        "the client asks again"
    );
    assert!(gate.order.len() == 1 && gate.recent.len() == 1);
}

#[test]
fn a_client_and_a_relay_are_limited_and_recover() {
    let (mut gate, start) = (Gate::new(limits()), Instant::now());
    for xid in 0..3 {
        assert_eq!(gate.admit(&packet(xid, 1), start), Ok(()));
    }
    assert_eq!(gate.admit(&packet(3, 1), start), Err(DropReason::ClientLimit));
    assert_eq!(gate.admit(&packet(4, 2), start), Ok(()));
    assert_eq!(gate.admit(&packet(5, 3), start), Ok(()));
    assert_eq!(gate.admit(&packet(6, 4), start), Err(DropReason::RelayLimit));
    assert_eq!(gate.admit(&packet(7, 1), start + Duration::from_millis(1500)), Ok(()));
}

#[test]
fn a_flood_of_clients_takes_no_more_than_its_table() {
    let (mut gate, now) = (Gate::new(limits()), Instant::now());
    for number in 0..250_000_u32 {
        let mut octets = [2; 6];
        octets[2..].copy_from_slice(&number.to_be_bytes());
        let packet = Packet {
            mac: Mac::new(&octets).unwrap(),
            giaddr: None,
            ..packet(1, 1)
        };
        assert_eq!(gate.admit(&packet, now), Ok(()));
    }
    assert!(gate.clients.len() <= MOST);
}
