#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
use super::*;

#[test]
fn lease_times() {
    let seconds = |minutes| {
        DhcpConfig {
            lease_minutes: minutes,
            ..Default::default()
        }
        .lease_seconds()
    };
    assert_eq!((seconds(0), seconds(60), seconds(1)), (3600, 3600, 60));
    let longest = DhcpConfig {
        lease_minutes: 71_582_788,
        ..Default::default()
    };
    assert_eq!((longest.validate(), longest.lease_seconds()), (Ok(()), 4_294_967_280));
    let over = DhcpConfig {
        lease_minutes: 71_582_789,
        ..Default::default()
    };
    assert_eq!(over.validate(), Err(DhcpConfigError::LeaseMinutes(71_582_789)));
    assert_eq!(seconds(u64::MAX), 4_294_967_280);
}

#[test]
fn dns_servers_are_ipv4() {
    let with = |s: &str| DhcpConfig {
        dns_servers: vec![s.into()],
        ..Default::default()
    };
    assert_eq!(with("1.1.1.1").validate(), Ok(()));
    assert_eq!(with("::ffff:1.1.1.1").dns_addresses(), [Ipv4Addr::new(1, 1, 1, 1)]);
    for bad in ["a.b.c.d", "::1", "", "1.1.1"] {
        assert_eq!(with(bad).validate(), Err(DhcpConfigError::DnsServer(bad.into())));
    }
}
