//! etcd away (row S19), and back.

use std::net::Ipv4Addr;

use dhcproto::v4::MessageType;
use testkit::dhcp::{kind, lease_seconds, server_id};
use testkit::etcd::Etcd;
use testkit::proxy::Proxy;

use super::lab::{BEGIN, Running, in_lab, rack};

const SERVER: Ipv4Addr = Ipv4Addr::new(10, 69, 0, 3);

#[test]
fn with_etcd_away_known_clients_keep_their_addresses_and_new_ones_get_none() {
    in_lab(async || {
        let etcd = Etcd::start().await;
        let proxy = Proxy::start(etcd.members()[0].address()).await;
        let mut server = Running::start(&format!("http://{}", proxy.address()), SERVER).await;
        let relay = server.relay(rack(0));
        let known = relay.client([2, 0, 0, 0, 0, 1]);
        let ack = known.lease().await;
        let leaver = relay.client([2, 0, 0, 0, 0, 2]);
        let left = leaver.lease().await;

        proxy.cut();
        server.wait_count("sabakan_dhcp_etcd_away", "", 1.0).await;
        let renewed = known.ask(&known.renewing(BEGIN)).await.unwrap();
        assert_eq!((kind(&renewed), renewed.yiaddr()), (Some(MessageType::Ack), BEGIN));
        let seconds = lease_seconds(&renewed).unwrap();
        assert!(
            seconds > 1700 && seconds <= 1800,
            "no longer than what is left: {seconds}"
        );
        let offer = known.discover().await.unwrap();
        let booted = known.request(&offer).await.unwrap();
        assert_eq!(
            (kind(&booted), booted.yiaddr()),
            (Some(MessageType::Ack), BEGIN),
            "it boots from memory"
        );
        let stranger = relay.client([2, 0, 0, 0, 0, 9]);
        assert!(stranger.ask_in_vain(&stranger.message(MessageType::Discover)).await);
        server.wait_count("sabakan_dhcp_silent_total", "etcd_away", 1.0).await;
        assert!(
            known.ask_in_vain(&known.init_reboot(left.yiaddr())).await,
            "no refusal without a read of etcd"
        );
        leaver.release(left.yiaddr(), server_id(&left).unwrap()).await;
        server.wait_count("sabakan_dhcp_silent_total", "etcd_away", 3.0).await;
        assert!(
            leaver.ask_in_vain(&leaver.message(MessageType::Discover)).await,
            "what was given back is not acknowledged"
        );

        proxy.heal();
        testkit::wait::wait_for("etcd to be back", testkit::wait::PATIENCE, || async {
            let offer = stranger.discover_soon().await.ok_or("no offer")?;
            stranger
                .request_soon(&offer)
                .await
                .filter(|ack| kind(ack) == Some(MessageType::Ack))
                .ok_or("no ack")
        })
        .await;
        assert_eq!(known.lease().await.yiaddr(), ack.yiaddr());
        let mut details = Vec::new();
        while let Ok(event) = server.events.try_recv() {
            details.push(event.detail);
        }
        assert!(
            details
                .iter()
                .any(|detail| detail == "DHCP discover not answered: etcd_away"),
            "{details:?}"
        );
        server.stop().await;
    });
}

#[test]
fn leases_outlive_a_crash_of_the_server() {
    in_lab(async || {
        let etcd = Etcd::start().await;
        let first = Running::start(&etcd.endpoints()[0], SERVER).await;
        let client = first.relay(rack(0)).client([2, 0, 0, 0, 0, 1]);
        let ack = client.lease().await;
        let offer = first
            .relay(rack(0))
            .client([2, 0, 0, 0, 0, 2])
            .discover()
            .await
            .unwrap();
        first.crash();

        let second = Running::start(&etcd.endpoints()[0], SERVER).await;
        let client = second.relay(rack(0)).client([2, 0, 0, 0, 0, 1]);
        assert_eq!(client.lease().await.yiaddr(), ack.yiaddr());
        // An offer of the process that crashed is honoured when its address is free.
        let other = second.relay(rack(0)).client([2, 0, 0, 0, 0, 2]);
        let answer = other.request(&offer).await.unwrap();
        assert_eq!(
            (kind(&answer), answer.yiaddr()),
            (Some(MessageType::Ack), offer.yiaddr())
        );
        second.stop().await;
    });
}

#[test]
fn a_frozen_etcd_costs_a_known_client_a_moment_and_no_address() {
    in_lab(async || {
        let etcd = Etcd::start().await;
        let server = Running::start(&etcd.endpoints()[0], SERVER).await;
        let client = server.relay(rack(0)).client([2, 0, 0, 0, 0, 1]);
        let ack = client.lease().await;
        etcd.members()[0].freeze();
        // The process may finish what it is at before it stands still.
        testkit::wait::wait_for("an ACK from memory", testkit::wait::PATIENCE, || async {
            let renewed = client.ask(&client.renewing(ack.yiaddr())).await.ok_or("no answer")?;
            assert_eq!(
                (kind(&renewed), renewed.yiaddr()),
                (Some(MessageType::Ack), ack.yiaddr())
            );
            let from_memory = server.count("sabakan_dhcp_acks_from_memory_total", "");
            if from_memory >= 1.0 {
                Ok(())
            } else {
                Err("etcd still answered")
            }
        })
        .await;
        etcd.members()[0].thaw();
        server.wait_entry(BEGIN, "02:00:00:00:00:01", true).await;
        server.stop().await;
    });
}

#[test]
fn a_server_that_starts_without_etcd_says_so_and_recovers() {
    in_lab(async || {
        let etcd = Etcd::start().await;
        let proxy = Proxy::start(etcd.members()[0].address()).await;
        proxy.cut();
        let server = Running::start(&format!("http://{}", proxy.address()), SERVER).await;
        let client = server.relay(rack(0)).client([2, 0, 0, 0, 0, 1]);
        assert!(client.ask_in_vain(&client.message(MessageType::Discover)).await);
        server.wait_count("sabakan_dhcp_silent_total", "etcd_away", 1.0).await;
        proxy.heal();
        testkit::wait::wait_for("the leases to be read", testkit::wait::PATIENCE, || async {
            client.discover_soon().await.map(drop).ok_or("no offer")
        })
        .await;
        client.lease().await;
        server.stop().await;
    });
}
