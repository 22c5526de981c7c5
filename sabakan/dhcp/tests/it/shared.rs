//! Several servers on one etcd, and another kind of program beside them (rows S19, S20, S24).

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use dhcproto::v4::MessageType;
use jiff::{SignedDuration, Timestamp};
use sabakan_dhcp::Timing;
use testkit::dhcp::{Port, kind, server_id};
use testkit::etcd::Etcd;
use testkit::wait::{PATIENCE, wait_for};

use super::lab::{BEGIN, Running, in_lab, rack};

const FIRST: Ipv4Addr = Ipv4Addr::new(10, 69, 0, 3);
const SECOND: Ipv4Addr = Ipv4Addr::new(10, 69, 0, 67);

#[test]
fn two_servers_share_a_range_without_a_conflict() {
    in_lab(async || {
        let etcd = Etcd::start().await;
        let servers = [
            Running::start(&etcd.endpoints()[0], FIRST).await,
            Running::start(&etcd.endpoints()[0], SECOND).await,
        ];
        servers[0].wait_count("sabakan_dhcp_servers", "", 2.0).await;
        let both = Port::relay(rack(5), &[servers[0].address, servers[1].address]).unwrap();
        let mut leased = std::collections::BTreeSet::new();
        for number in 0..31 {
            let client = both.client([2, 0, 0, 0, 5, number]);
            // Each takes the offer of another server in turn.
            let mut offers = client
                .ask_some(&client.message(MessageType::Discover), 2, Duration::from_secs(1))
                .await;
            offers.sort_by_key(server_id);
            assert!(!offers.is_empty(), "client {number} got no offer");
            let offer = &offers[usize::from(number) % offers.len()];
            let answer = client.request(offer).await.unwrap();
            if kind(&answer) == Some(MessageType::Ack) {
                assert!(leased.insert(answer.yiaddr()), "{} twice", answer.yiaddr());
            }
        }
        assert!(
            leased.len() >= 28,
            "a rack of 28 machines gets its leases: {}",
            leased.len()
        );
        for server in servers {
            server.stop().await;
        }
    });
}

#[test]
fn a_lease_of_one_server_is_renewed_by_another() {
    in_lab(async || {
        let etcd = Etcd::start().await;
        let first = Running::start(&etcd.endpoints()[0], FIRST).await;
        let second = Running::start(&etcd.endpoints()[0], SECOND).await;
        let client = first.relay(rack(1)).client([2, 0, 0, 0, 1, 1]);
        let ack = client.lease().await;
        let renewed = client
            .ask_directly(&client.renewing(ack.yiaddr()), second.address)
            .await
            .unwrap();
        assert_eq!(
            (kind(&renewed), renewed.yiaddr()),
            (Some(MessageType::Ack), ack.yiaddr())
        );
        // The second server never offered the address: it reads the range before it refuses or agrees.
        let stranger = first.relay(rack(1)).client([2, 0, 0, 0, 1, 2]);
        let refused = stranger
            .ask_directly(&stranger.renewing(ack.yiaddr()), second.address)
            .await
            .unwrap();
        assert_eq!(kind(&refused), Some(MessageType::Nak));
        first.stop().await;
        second.stop().await;
    });
}

#[test]
fn a_rack_with_a_server_of_its_own_is_answered_by_that_first() {
    in_lab(async || {
        let etcd = Etcd::start().await;
        // All addresses of the lab are local to both servers here, so the second one's heartbeat is written by hand.
        let server = Running::start(&etcd.endpoints()[0], FIRST).await;
        let beat = serde_json::json!({"writer": 1, "reader": 1, "name": "other", "addresses": ["10.69.1.131"],
            "at": Timestamp::now(), "seen": 0});
        server
            .etcd
            .put("neco/dhcp/servers/other", beat.to_string())
            .await
            .unwrap();
        server.wait_count("sabakan_dhcp_servers", "", 2.0).await;
        let waits = "sabakan_dhcp_waits_total";
        let mine = server.relay(rack(7)).client([2, 0, 0, 0, 7, 1]);
        mine.discover().await.unwrap();
        assert_eq!(server.count(waits, "other_server"), 0.0, "nobody owns this rack");
        let theirs = server.relay(rack(6)).client([2, 0, 0, 0, 6, 1]);
        let started = Instant::now();
        theirs.discover().await.unwrap();
        assert!(
            started.elapsed() >= Duration::from_millis(50),
            "the rack's own server comes first"
        );
        assert_eq!(server.count(waits, "other_server"), 1.0);
        server.stop().await;
    });
}

#[test]
fn where_another_program_writes_offers_are_written_at_once() {
    in_lab(async || {
        let etcd = Etcd::start().await;
        let server = Running::start(&etcd.endpoints()[0], FIRST).await;
        // What the original writes for a client that discovered.
        let until = Timestamp::now().checked_add(SignedDuration::from_mins(30)).unwrap();
        let value = format!(r#"{{"00:0c:01:02:03:04":{{"index":0,"lease":"{until}"}}}}"#);
        server.etcd.put(&format!("lease-usages/{BEGIN}"), value).await.unwrap();
        server.wait_count("sabakan_dhcp_foreign_writes_total", "", 1.0).await;
        let client = server.relay(rack(0)).client([2, 0, 0, 0, 0, 1]);
        let offer = client.discover().await.unwrap();
        assert_eq!(
            offer.yiaddr(),
            Ipv4Addr::new(10, 69, 0, 33),
            "the other program's lease is respected"
        );
        let usage = server.usage(BEGIN).await;
        assert_eq!(usage["02:00:00:00:00:01"]["index"], 1, "the offer is in etcd");
        assert_eq!(usage["00:0c:01:02:03:04"]["index"], 0, "the other's entry stays");
        // The other program takes the client's address away between OFFER and REQUEST: a NAK, no double lease.
        let stolen = format!(
            r#"{{"00:0c:01:02:03:04":{{"index":0,"lease":"{until}"}},"00:0c:01:02:03:05":{{"index":1,"lease":"{until}"}}}}"#
        );
        server.etcd.put(&format!("lease-usages/{BEGIN}"), stolen).await.unwrap();
        let answer = client.request(&offer).await.unwrap();
        assert_eq!(kind(&answer), Some(MessageType::Nak));
        server.stop().await;
    });
}

#[test]
fn a_lease_that_expired_rests_and_then_goes_on() {
    in_lab(async || {
        let etcd = Etcd::start().await;
        // Longer than the test may take on a busy machine.
        let timing = Timing {
            least_grace: SignedDuration::from_mins(5),
            ..Timing::default()
        };
        let server = Running::start_with(&etcd.endpoints()[0], FIRST, timing).await;
        let ago = |seconds: i64| {
            Timestamp::now()
                .checked_sub(SignedDuration::from_secs(seconds))
                .unwrap()
        };
        // Every address is taken; one lease ended a second ago, one an hour ago.
        let entries: Vec<String> = (0..31)
            .map(|n| {
                let until = match n {
                    3 => ago(1),
                    9 => ago(3600),
                    _ => ago(-1800),
                };
                format!(r#""00:0c:01:02:03:{n:02x}":{{"index":{n},"lease":"{until}"}}"#)
            })
            .collect();
        server
            .etcd
            .put(&format!("lease-usages/{BEGIN}"), format!("{{{}}}", entries.join(",")))
            .await
            .unwrap();
        server.wait_count("sabakan_dhcp_foreign_writes_total", "", 0.0).await;
        let client = server.relay(rack(0)).client([2, 0, 0, 0, 0, 1]);
        let ack = wait_for("the stored range", PATIENCE, || async {
            let offer = client.discover_soon().await.ok_or("no offer")?;
            client
                .request_soon(&offer)
                .await
                .filter(|ack| kind(ack) == Some(MessageType::Ack))
                .ok_or("no ack")
        })
        .await;
        assert_eq!(
            ack.yiaddr(),
            Ipv4Addr::new(10, 69, 0, 41),
            "the lease that ended an hour ago"
        );
        let usage = server.wait_entry(BEGIN, "02:00:00:00:00:01", true).await;
        assert!(usage.get("00:0c:01:02:03:09").is_none());
        assert!(
            usage.get("00:0c:01:02:03:03").is_some(),
            "the lease that ended a second ago rests"
        );
        let late = server.relay(rack(0)).client([2, 0, 0, 0, 0, 2]);
        assert!(late.ask_in_vain(&late.message(MessageType::Discover)).await);
        server.stop().await;
    });
}

#[test]
fn a_value_that_does_not_parse_costs_its_range_alone() {
    in_lab(async || {
        let etcd = Etcd::start().await;
        let server = Running::start(&etcd.endpoints()[0], FIRST).await;
        server
            .etcd
            .put(&format!("lease-usages/{BEGIN}"), "garbage")
            .await
            .unwrap();
        let client = server.relay(rack(0)).client([2, 0, 0, 0, 0, 1]);
        wait_for("silence about the broken range", PATIENCE, || async {
            let silent = client.ask_in_vain(&client.message(MessageType::Discover)).await;
            if silent { Ok(()) } else { Err("it is still answered") }
        })
        .await;
        server.wait_count("sabakan_dhcp_broken_values_total", "", 1.0).await;
        server.relay(rack(1)).client([2, 0, 0, 0, 1, 1]).lease().await;
        assert_eq!(
            server
                .etcd
                .get(&format!("lease-usages/{BEGIN}"))
                .await
                .unwrap()
                .unwrap()
                .value,
            b"garbage"
        );
        server.etcd.put(&format!("lease-usages/{BEGIN}"), "{}").await.unwrap();
        wait_for("the mended range", PATIENCE, || async {
            client.discover_soon().await.map(drop).ok_or("no offer")
        })
        .await;
        server.stop().await;
    });
}
