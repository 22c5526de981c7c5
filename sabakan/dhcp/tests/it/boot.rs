//! Where firmware is sent (rows S20, S21, S22), and clients on a link of the server's own.

use std::net::Ipv4Addr;

use dhcproto::v4::{DhcpOption, MessageType, OptionCode};
use testkit::dhcp::{Port, boot_file, kind, server_id};
use testkit::etcd::Etcd;
use testkit::netns::{Namespace, ip};

use super::lab::{BEGIN, Running, in_lab, in_lab_with, rack};

const SERVER: Ipv4Addr = Ipv4Addr::new(10, 69, 0, 3);

#[test]
fn uefi_firmware_is_sent_to_ipxe_and_ipxe_to_its_script() {
    in_lab(async || {
        let etcd = Etcd::start().await;
        let mut server = Running::start(&etcd.endpoints()[0], SERVER).await;
        let relay = server.relay(rack(0));
        let firmware = relay.client([2, 0, 0, 0, 0, 1]).uefi_http();
        let offer = firmware.discover().await.unwrap();
        assert_eq!(
            boot_file(&offer).unwrap(),
            "http://10.69.0.3:10080/api/v1/boot/ipxe.efi"
        );
        let class = DhcpOption::ClassIdentifier(b"HTTPClient".to_vec());
        assert_eq!(offer.opts().get(OptionCode::ClassIdentifier), Some(&class));
        let ack = firmware.request(&offer).await.unwrap();
        assert_eq!(ack.fname(), offer.fname(), "the ACK of a boot carries it too");
        let renewed = firmware.ask(&firmware.renewing(BEGIN)).await.unwrap();
        assert_eq!((kind(&renewed), renewed.fname()), (Some(MessageType::Ack), None));
        let rebooted = firmware.ask(&firmware.init_reboot(BEGIN)).await.unwrap();
        assert_eq!(rebooted.fname(), None);

        let script = "http://10.69.0.3:10080/api/v1/boot/coreos/ipxe";
        let bare = relay.client([2, 0, 0, 0, 0, 1]).uefi_http().ipxe();
        let listed = relay
            .client([2, 0, 0, 0, 0, 1])
            .with(DhcpOption::UserClass(b"\x03abc\x04iPXE".to_vec()));
        for ipxe in [bare, listed] {
            let offer = ipxe.discover().await.unwrap();
            assert_eq!(boot_file(&offer).unwrap(), script);
            assert_eq!(offer.yiaddr(), BEGIN, "the lease's key is chaddr");
        }
        let event = server.events.recv().await.unwrap();
        assert_eq!(event.detail, "ack 10.69.0.32 (UEFI HTTP boot)");
        assert_eq!(event.mac.unwrap().to_string(), "02:00:00:00:00:01");
        server.stop().await;
    });
}

#[test]
fn plain_pxe_gets_an_address_and_no_boot_file() {
    in_lab(async || {
        let etcd = Etcd::start().await;
        let server = Running::start(&etcd.endpoints()[0], SERVER).await;
        let pxe = server
            .relay(rack(0))
            .client([2, 0, 0, 0, 0, 1])
            .with(DhcpOption::ClientSystemArchitecture(dhcproto::v4::Architecture(7)))
            .with(DhcpOption::ClassIdentifier(
                b"PXEClient:Arch:00007:UNDI:003016".to_vec(),
            ));
        let offer = pxe.discover().await.unwrap();
        assert_eq!(
            (offer.fname(), offer.opts().get(OptionCode::ClassIdentifier)),
            (None, None)
        );
        server.stop().await;
    });
}

#[test]
fn a_client_on_the_servers_link_is_answered_by_broadcast_then_directly() {
    in_lab_with("10.69.15.254/32", async || {
        let etcd = Etcd::start().await;
        let link = Namespace::new("dhcp-link");
        ip(&[
            "link",
            "add",
            "node0",
            "type",
            "veth",
            "peer",
            "name",
            "client0",
            "netns",
            link.name(),
        ]);
        ip(&["addr", "add", "10.69.3.3/26", "dev", "node0"]);
        ip(&["link", "set", "node0", "up"]);
        link.ip(&["link", "set", "client0", "up"]);
        link.ip(&["route", "add", "default", "dev", "client0"]);
        let server = Running::start(&etcd.endpoints()[0], Ipv4Addr::UNSPECIFIED).await;
        let port = server.address.port();
        let runtime = tokio::runtime::Handle::current();
        let port = link.run(|| {
            let _inside = runtime.enter();
            Port::link("client0", port).unwrap()
        });
        let client = port.client([2, 0, 0, 0, 3, 1]);
        let ack = client.lease().await;
        assert_eq!(
            ack.yiaddr(),
            Ipv4Addr::new(10, 69, 3, 32),
            "the range of the receiving interface"
        );
        assert_eq!(server_id(&ack), Some(Ipv4Addr::new(10, 69, 3, 3)));
        link.ip(&["addr", "add", "10.69.3.32/26", "dev", "client0"]);
        let to_server = std::net::SocketAddrV4::new(Ipv4Addr::new(10, 69, 3, 3), server.address.port());
        let renewed = client
            .ask_directly(&client.renewing(ack.yiaddr()), to_server)
            .await
            .unwrap();
        assert_eq!(
            (kind(&renewed), renewed.ciaddr()),
            (Some(MessageType::Ack), ack.yiaddr())
        );
        server.stop().await;
    });
}

#[test]
fn a_relayed_renewal_comes_back_through_the_relay_and_a_nak_is_to_be_broadcast() {
    in_lab(async || {
        let etcd = Etcd::start().await;
        let server = Running::start(&etcd.endpoints()[0], SERVER).await;
        let client = server.relay(rack(4)).client([2, 0, 0, 0, 4, 1]);
        let ack = client.lease().await;
        assert!(!ack.flags().broadcast());
        let nak = client
            .ask(&client.init_reboot(Ipv4Addr::new(172, 16, 0, 1)))
            .await
            .unwrap();
        assert_eq!(kind(&nak), Some(MessageType::Nak));
        assert!(nak.flags().broadcast(), "the client may be on another network");
        server.stop().await;
    });
}
