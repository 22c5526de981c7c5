//! What a client may do (rows S18, S23, S24).

use std::net::Ipv4Addr;

use dhcproto::v4::{DhcpOption, MessageType, OptionCode};
use testkit::dhcp::{kind, lease_seconds, server_id, server_name};
use testkit::etcd::Etcd;

use super::lab::{BEGIN, Running, in_lab, rack};

const SERVER: Ipv4Addr = Ipv4Addr::new(10, 69, 0, 3);

#[test]
fn a_client_discovers_requests_renews_reboots_and_releases() {
    in_lab(async || {
        let etcd = Etcd::start().await;
        let server = Running::start(&etcd.endpoints()[0], SERVER).await;
        let client = server.relay(rack(0)).client([2, 0, 0, 0, 0, 1]);
        let mac = "02:00:00:00:00:01";

        let offer = client.discover().await.unwrap();
        assert_eq!(kind(&offer), Some(MessageType::Offer));
        assert_eq!(offer.yiaddr(), BEGIN);
        assert_eq!(offer.giaddr(), rack(0));
        assert!(
            server.usage(BEGIN).await.get(mac).is_none(),
            "an offer is kept in memory"
        );
        let ack = client.request(&offer).await.unwrap();
        assert_eq!((kind(&ack), ack.yiaddr()), (Some(MessageType::Ack), BEGIN));
        let stored = server.usage(BEGIN).await;
        assert_eq!(stored[mac]["index"], 0);

        let renewed = client.ask(&client.renewing(BEGIN)).await.unwrap();
        assert_eq!(
            (kind(&renewed), renewed.yiaddr(), renewed.ciaddr()),
            (Some(MessageType::Ack), BEGIN, BEGIN)
        );
        assert_ne!(
            server.usage(BEGIN).await[mac]["lease"],
            stored[mac]["lease"],
            "a renewal is durable"
        );
        let again = client.ask(&client.init_reboot(BEGIN)).await.unwrap();
        assert_eq!((kind(&again), again.yiaddr()), (Some(MessageType::Ack), BEGIN));

        client.release(BEGIN, server_id(&ack).unwrap()).await;
        server.wait_entry(BEGIN, mac, false).await;
        server.stop().await;
    });
}

#[test]
fn a_reply_carries_the_configuration_and_is_padded() {
    in_lab(async || {
        let etcd = Etcd::start().await;
        let server = Running::start(&etcd.endpoints()[0], SERVER).await;
        let agent = DhcpOption::Unknown(dhcproto::v4::UnknownOption::new(
            OptionCode::RelayAgentInformation,
            vec![1, 3, b'e', b't', b'h'],
        ));
        let client = server.relay(rack(1)).client([2, 0, 0, 0, 1, 1]).with(agent);
        let offer = client.discover().await.unwrap();
        let options = offer.opts();
        assert_eq!(lease_seconds(&offer), Some(1800));
        assert_eq!(
            options.get(OptionCode::DomainNameServer),
            Some(&DhcpOption::DomainNameServer(vec![
                Ipv4Addr::new(10, 0, 0, 1),
                Ipv4Addr::new(10, 0, 0, 2)
            ]))
        );
        assert_eq!(
            options.get(OptionCode::Router),
            Some(&DhcpOption::Router(vec![rack(1)]))
        );
        assert_eq!(
            options.get(OptionCode::SubnetMask),
            Some(&DhcpOption::SubnetMask(Ipv4Addr::new(255, 255, 255, 192)))
        );
        assert!(
            options.get(OptionCode::RelayAgentInformation).is_some(),
            "option 82 comes back"
        );
        assert_eq!(server_name(&offer), server_id(&offer).map(|server| server.to_string()));
        assert_eq!(Some(offer.siaddr()), server_id(&offer));

        let mut site = super::lab::site();
        site.dhcp = Some(std::sync::Arc::new(
            serde_json::from_str(r#"{"lease-minutes":0}"#).unwrap(),
        ));
        server.site.send(site).unwrap();
        let ack = client.lease().await;
        assert_eq!(lease_seconds(&ack), Some(3600), "60 minutes is the default");
        assert!(ack.opts().get(OptionCode::DomainNameServer).is_none());
        server.stop().await;
    });
}

#[test]
fn wrong_addresses_are_refused_and_unknown_ones_met_with_silence() {
    in_lab(async || {
        let etcd = Etcd::start().await;
        let server = Running::start(&etcd.endpoints()[0], SERVER).await;
        let relay = server.relay(rack(0));
        let (first, second) = (relay.client([2, 0, 0, 0, 0, 1]), relay.client([2, 0, 0, 0, 0, 2]));
        let mine = first.lease().await.yiaddr();
        let theirs = second.lease().await.yiaddr();
        assert_ne!(mine, theirs);

        for message in [
            first.init_reboot(theirs),
            first.init_reboot(Ipv4Addr::new(10, 69, 0, 5)),
            first.init_reboot(Ipv4Addr::new(192, 168, 1, 1)),
            first.renewing(theirs),
        ] {
            let answer = first.ask(&message).await.unwrap();
            assert_eq!(kind(&answer), Some(MessageType::Nak), "{message}");
            assert!(lease_seconds(&answer).is_none());
        }
        let stranger = relay.client([2, 0, 0, 0, 0, 9]);
        assert!(
            stranger
                .ask_in_vain(&stranger.init_reboot(Ipv4Addr::new(10, 69, 0, 50)))
                .await
        );
        server
            .wait_count("sabakan_dhcp_silent_total", "unknown_client", 1.0)
            .await;
        assert!(
            stranger
                .ask_in_vain(&stranger.renewing(Ipv4Addr::new(10, 99, 0, 50)))
                .await
        );
        let outside = server.relay(Ipv4Addr::new(10, 69, 200, 1)).client([2, 0, 0, 0, 0, 10]);
        assert!(outside.ask_in_vain(&outside.message(MessageType::Discover)).await);
        server
            .wait_count("sabakan_dhcp_silent_total", "outside_ranges", 2.0)
            .await;
        server.stop().await;
    });
}

#[test]
fn inform_gets_options_and_no_lease() {
    in_lab(async || {
        let etcd = Etcd::start().await;
        let server = Running::start(&etcd.endpoints()[0], SERVER).await;
        let client = server.relay(rack(0)).client([2, 0, 0, 0, 0, 1]).uefi_http();
        let answer = client.ask(&client.inform(Ipv4Addr::new(10, 69, 0, 4))).await.unwrap();
        assert_eq!(kind(&answer), Some(MessageType::Ack));
        assert_eq!(answer.yiaddr(), Ipv4Addr::UNSPECIFIED);
        assert_eq!(lease_seconds(&answer), None);
        assert_eq!(answer.fname(), None, "no boot file");
        assert!(answer.opts().get(OptionCode::Router).is_some());
        server.stop().await;
    });
}

#[test]
fn a_declined_address_is_parked() {
    in_lab(async || {
        let etcd = Etcd::start().await;
        let server = Running::start(&etcd.endpoints()[0], SERVER).await;
        let client = server.relay(rack(0)).client([2, 0, 0, 0, 0, 1]);
        let ack = client.lease().await;
        client.decline(ack.yiaddr(), server_id(&ack).unwrap()).await;
        let usage = server.wait_entry(BEGIN, "ff:00:00:00:00:00", true).await;
        assert_eq!(usage["ff:00:00:00:00:00"]["index"], 0);
        assert!(usage.get("02:00:00:00:00:01").is_none());
        let next = client.lease().await;
        assert_ne!(next.yiaddr(), ack.yiaddr());
        // The dummy address cannot speak: it could have renewed the parking.
        let dummy = server.relay(rack(0)).client([0xff, 0, 0, 0, 0, 0]);
        assert!(dummy.ask_in_vain(&dummy.renewing(ack.yiaddr())).await);
        server.wait_count("sabakan_dhcp_silent_total", "malformed", 1.0).await;
        server.stop().await;
    });
}

#[test]
fn a_full_range_is_silent_and_a_released_address_goes_on() {
    in_lab(async || {
        let etcd = Etcd::start().await;
        let server = Running::start(&etcd.endpoints()[0], SERVER).await;
        let relay = server.relay(rack(2));
        let clients: Vec<_> = (0..31).map(|n| relay.client([2, 0, 0, 0, 2, n])).collect();
        let acks = futures::future::join_all(clients.iter().map(|client| client.lease())).await;
        let addresses: std::collections::BTreeSet<Ipv4Addr> = acks.iter().map(|ack| ack.yiaddr()).collect();
        assert_eq!(addresses.len(), 31);
        let late = relay.client([2, 0, 0, 0, 2, 99]);
        assert!(late.ask_in_vain(&late.message(MessageType::Discover)).await);
        server.wait_count("sabakan_dhcp_silent_total", "range_full", 1.0).await;
        clients[7].release(acks[7].yiaddr(), server_id(&acks[7]).unwrap()).await;
        server.wait_count("sabakan_dhcp_silent_total", "released", 1.0).await;
        testkit::wait::wait_for("the address to be free", testkit::wait::PATIENCE, || async {
            let offer = late.discover_soon().await.map(|offer| offer.yiaddr());
            offer.filter(|got| *got == acks[7].yiaddr()).ok_or("not offered")
        })
        .await;
        assert_eq!(late.lease().await.yiaddr(), acks[7].yiaddr());
        server.stop().await;
    });
}

#[test]
fn copies_are_answered_once_and_a_flood_is_limited() {
    in_lab(async || {
        let etcd = Etcd::start().await;
        let server = Running::start(&etcd.endpoints()[0], SERVER).await;
        let client = server.relay(rack(0)).client([2, 0, 0, 0, 0, 1]);
        assert_eq!(
            client.ask_repeatedly(&client.message(MessageType::Discover), 4).await,
            1
        );
        server.wait_count("sabakan_dhcp_silent_total", "duplicate", 3.0).await;
        for _ in 0..80 {
            client.tell(&client.message(MessageType::Discover)).await;
        }
        server
            .wait_count("sabakan_dhcp_silent_total", "client_limit", 1.0)
            .await;
        let other = server.relay(rack(1)).client([2, 0, 0, 0, 1, 1]);
        other.lease().await;
        server.stop().await;
    });
}
