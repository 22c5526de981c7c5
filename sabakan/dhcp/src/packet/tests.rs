#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use dhcproto::v4::{DhcpOption, Message};
use dhcproto::{Encodable, Encoder};
use proptest::prelude::*;

use super::*;

fn discover() -> Message {
    let mut message = Message::default();
    message.set_chaddr(&[2, 0, 0, 0, 0, 1]);
    message
        .opts_mut()
        .insert(DhcpOption::MessageType(MessageType::Discover));
    message
}

fn bytes(message: &Message) -> Vec<u8> {
    let mut bytes = Vec::new();
    message.encode(&mut Encoder::new(&mut bytes)).unwrap();
    bytes
}

/// A DISCOVER whose options field is exactly this.
fn with_options(options: &[u8]) -> Vec<u8> {
    let mut packet = bytes(&discover());
    packet.truncate(240);
    packet.extend_from_slice(options);
    packet
}

#[test]
fn the_pieces_of_an_option_are_joined_wherever_they_stand() {
    let options = [53, 1, 3, 50, 2, 10, 69, 12, 1, b'x', 50, 2, 0, 33, 255];
    assert_eq!(
        Packet::parse(&with_options(&options)).unwrap().requested,
        Some(Ipv4Addr::new(10, 69, 0, 33))
    );
}

#[test]
fn a_doubled_option_a_missing_end_and_a_cut_tail_are_forgiven() {
    let doubled = [53, 1, 1, 50, 4, 10, 69, 0, 33, 50, 4, 10, 69, 0, 33, 53, 1, 1, 61, 200];
    let packet = Packet::parse(&with_options(&doubled)).unwrap();
    assert_eq!(
        (packet.kind, packet.requested),
        (Kind::Discover, Some(Ipv4Addr::new(10, 69, 0, 33)))
    );
}

#[test]
fn a_wrong_length_counts_as_absent() {
    let packet = Packet::parse(&with_options(&[53, 1, 3, 54, 3, 10, 69, 0, 255])).unwrap();
    assert_eq!((packet.kind, packet.server_id), (Kind::Request, None));
}

#[test]
fn options_overflow_into_file_and_sname() {
    let mut packet = with_options(&[52, 1, 3, 255]);
    packet[108..112].copy_from_slice(&[53, 1, 1, 255]);
    packet[44..51].copy_from_slice(&[50, 4, 10, 69, 0, 34, 255]);
    let packet = Packet::parse(&packet).unwrap();
    assert_eq!(
        (packet.kind, packet.requested),
        (Kind::Discover, Some(Ipv4Addr::new(10, 69, 0, 34)))
    );
}

#[test]
fn full_name_and_file_fields_are_no_trouble() {
    let mut packet = bytes(&discover());
    packet[44..236].fill(b'x');
    assert!(Packet::parse(&packet).is_ok());
}

#[test]
fn what_is_no_request_says_why() {
    let good = bytes(&discover());
    let bent = |at: usize, to: u8| {
        let mut packet = good.clone();
        packet[at] = to;
        Packet::parse(&packet).unwrap_err()
    };
    assert_eq!(Packet::parse(&good[..239]).unwrap_err(), PacketError::Short);
    assert_eq!(bent(236, 0), PacketError::Cookie);
    assert_eq!(bent(0, 2), PacketError::NotRequest);
    assert_eq!(bent(2, 17), PacketError::HardwareAddress);
    assert_eq!(bent(2, 0), PacketError::HardwareAddress);
    assert_eq!(
        bent(28, 0xff),
        PacketError::HardwareAddress,
        "a parked address cannot speak"
    );
    assert_eq!(bent(242, 2), PacketError::MessageType, "an OFFER is no client's");
}

#[test]
fn firmware_is_told_apart() {
    let boot = |options: &[u8]| {
        Packet::parse(&with_options(&[&[53, 1, 1], options].concat()))
            .unwrap()
            .boot
    };
    assert_eq!(boot(b"\x5d\x02\x00\x10\x3c\x0aHTTPClient"), Boot::UefiHttp);
    assert_eq!(
        boot(b"\x5d\x04\x00\x07\x00\x0f\x3c\x10HTTPClient:Arch:"),
        Boot::UefiHttp
    );
    assert_eq!(boot(b"\x5d\x02\x00\x10\x3c\x09PXEClient"), Boot::None);
    assert_eq!(boot(b"\x5d\x02\x00\x07\x3c\x0aHTTPClient"), Boot::None);
    assert_eq!(
        boot(b"\x5d\x03\x00\x10\x00\x3c\x0aHTTPClient"),
        Boot::None,
        "an odd list is no list"
    );
    assert_eq!(boot(b"\x4d\x04iPXE"), Boot::Ipxe);
    assert_eq!(boot(b"\x4d\x09\x03abc\x04iPXE"), Boot::Ipxe);
    assert_eq!(boot(b"\x4d\x05iPXE2"), Boot::None);
    assert_eq!(
        boot(b"\x4d\x04iPXE\x5d\x02\x00\x10\x3c\x0aHTTPClient"),
        Boot::Ipxe,
        "the script wins"
    );
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _any = Packet::parse(&bytes);
    }

    #[test]
    fn no_options_panic(options in proptest::collection::vec(any::<u8>(), 0..400), hlen: u8) {
        let mut packet = with_options(&options);
        packet[2] = hlen;
        let _any = Packet::parse(&packet);
    }
}
