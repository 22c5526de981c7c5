//! Packets from clients: any bytes are read or refused, decided upon, and a reply always fits its fixed header.
#![no_main]

use std::net::Ipv4Addr;

use jiff::{SignedDuration, Timestamp};
use libfuzzer_sys::fuzz_target;
use sabakan_dhcp::decide::{Context, Plan, decide, named, subject};
use sabakan_dhcp::layout::Layout;
use sabakan_dhcp::packet::Packet;
use sabakan_dhcp::range::{RangeState, Share};
use sabakan_dhcp::site::{BootUrls, Site};

const SERVER: Ipv4Addr = Ipv4Addr::new(10, 69, 0, 3);

fuzz_target!(|input: (u8, &[u8])| {
    let (setting, bytes) = input;
    let Ok(packet) = Packet::parse(bytes) else { return };
    let layout = Layout {
        base: u32::from(Ipv4Addr::new(10, 69, 0, 0)),
        last: u32::from(Ipv4Addr::new(10, 69, 255, 255)),
        block_bits: 6,
        range_offset: 32,
        mask: 26,
        gateway_offset: 1,
    };
    let site = Site { layout, dns: vec![SERVER], lease_seconds: 3600 };
    let urls = BootUrls::under("http://10.69.0.3:10080", "http://10.69.0.3:10080");
    let context = Context {
        site: &site,
        urls: &urls,
        server: SERVER,
        own: &[SERVER],
        away: setting & 1 != 0,
        fresh: setting & 2 != 0,
        foreign: setting & 4 != 0,
        grace: SignedDuration::from_secs(10),
    };
    let now = Timestamp::UNIX_EPOCH;
    let range = site.layout.range(subject(&packet, SERVER));
    let facts = range.map(|range| {
        let mut state = RangeState::new(range, context.grace);
        state.facts(&packet.mac, named(&packet), Share::ALONE, now)
    });
    if let Plan::Answer { reply, .. } = decide(&packet, facts.as_ref(), &context, now) {
        let encoded = reply.encode(&packet).expect("every reply can be encoded");
        assert!(encoded.len() >= 300);
        assert_eq!(encoded[4..8], bytes[4..8], "the transaction");
    }
});
