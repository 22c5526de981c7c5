#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use super::*;
use crate::layout::{Layout, Range};
use crate::mac::Mac;

const SERVER: Ipv4Addr = Ipv4Addr::new(10, 69, 0, 3);
const OTHER: Ipv4Addr = Ipv4Addr::new(10, 69, 0, 67);
const FIRST: Ipv4Addr = Ipv4Addr::new(10, 69, 0, 32);
const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);
const GRACE: SignedDuration = SignedDuration::from_secs(10);

fn site() -> Site {
    let layout = Layout {
        base: u32::from(Ipv4Addr::new(10, 69, 0, 0)),
        last: u32::from(Ipv4Addr::new(10, 69, 15, 255)),
        block_bits: 6,
        range_offset: 32,
        mask: 26,
        gateway_offset: 1,
    };
    Site {
        layout,
        dns: vec![],
        lease_seconds: 3600,
    }
}

fn packet(kind: Kind) -> Packet {
    Packet {
        kind,
        xid: 1,
        htype: 1,
        mac: Mac::new(&[2, 0, 0, 0, 0, 1]).unwrap(),
        broadcast: false,
        ciaddr: None,
        giaddr: Some(Ipv4Addr::new(10, 69, 0, 1)),
        requested: None,
        server_id: None,
        boot: Boot::None,
        relay_agent: None,
    }
}

fn facts() -> Facts {
    let range = Range {
        first: FIRST,
        count: 31,
    };
    Facts {
        range,
        mine: None,
        offered: None,
        wanted: Wanted::Nothing,
        next: Some(5),
    }
}

fn held(index: u32, seconds: i64) -> Option<Held> {
    Some(Held {
        index,
        until: NOW.checked_add(SignedDuration::from_secs(seconds)).unwrap(),
    })
}

struct Setting {
    away: bool,
    fresh: bool,
    foreign: bool,
}

const USUAL: Setting = Setting {
    away: false,
    fresh: false,
    foreign: false,
};
const FRESH: Setting = Setting {
    away: false,
    fresh: true,
    foreign: false,
};
const AWAY: Setting = Setting {
    away: true,
    fresh: false,
    foreign: false,
};
const FOREIGN: Setting = Setting {
    away: false,
    fresh: false,
    foreign: true,
};

fn plan(packet: &Packet, facts: &Facts, setting: &Setting) -> Plan {
    let (site, urls) = (
        site(),
        BootUrls::under("http://10.69.0.3:10080/", "http://10.69.0.3:10080/"),
    );
    let context = Context {
        site: &site,
        urls: &urls,
        server: SERVER,
        own: &[SERVER],
        away: setting.away,
        fresh: setting.fresh,
        foreign: setting.foreign,
        grace: GRACE,
    };
    decide(packet, Some(facts), &context, NOW)
}

/// In few words: what is said, about which index, and whether etcd has to take it first.
fn gist(plan: &Plan) -> String {
    match plan {
        Plan::Silent { reason, change, .. } => {
            format!(
                "silent {}{}",
                reason.word(),
                if change.is_some() { " write" } else { "" }
            )
        }
        Plan::Wait(reason) => format!("wait {}", reason.word()),
        Plan::Answer {
            reply, change, promise, ..
        } => {
            let index = reply.yiaddr.map_or_else(String::new, |address| {
                format!(" {}", u32::from(address) - u32::from(FIRST))
            });
            let how = if promise.is_some() {
                " promise"
            } else if change.is_some() {
                " write"
            } else {
                ""
            };
            format!("{}{index}{how}", reply.kind.word())
        }
    }
}

#[test]
fn a_discover_gets_its_own_address_then_its_offer_then_its_wish_then_any() {
    let discover = packet(Kind::Discover);
    let all = Facts {
        mine: held(1, 9),
        offered: Some(2),
        wanted: Wanted::Free(3),
        ..facts()
    };
    for (facts, expected) in [
        (all, "offer 1"),
        (Facts { mine: None, ..all }, "offer 2"),
        (
            Facts {
                mine: None,
                offered: None,
                ..all
            },
            "offer 3",
        ),
        (
            Facts {
                wanted: Wanted::Taken(3),
                ..facts()
            },
            "offer 5",
        ),
        (Facts { next: None, ..facts() }, "silent range_full"),
    ] {
        assert_eq!(gist(&plan(&discover, &facts, &USUAL)), expected);
    }
    assert_eq!(gist(&plan(&discover, &facts(), &FOREIGN)), "offer 5 write");
}

#[test]
fn a_request_is_judged_by_its_state() {
    let selecting = Packet {
        server_id: Some(SERVER),
        requested: Some(FIRST),
        ..packet(Kind::Request)
    };
    let reboot = Packet {
        requested: Some(FIRST),
        ..packet(Kind::Request)
    };
    let renew = Packet {
        ciaddr: Some(FIRST),
        ..packet(Kind::Request)
    };
    let free = Facts {
        wanted: Wanted::Free(0),
        ..facts()
    };
    let mine = Facts {
        mine: held(0, 100),
        ..free
    };
    let moved = Facts {
        mine: held(4, 100),
        ..free
    };
    let taken = Facts {
        wanted: Wanted::Taken(0),
        ..facts()
    };
    let elsewhere = Facts {
        wanted: Wanted::Elsewhere,
        ..facts()
    };
    for (packet, facts, usual, fresh, away) in [
        (&selecting, free, "ack 0 write", "ack 0 write", "silent etcd_away"),
        (&selecting, mine, "ack 0 write", "ack 0 write", "ack 0 promise"),
        (&selecting, taken, "wait fresh_read", "nak", "silent etcd_away"),
        (&selecting, elsewhere, "wait fresh_read", "nak", "silent etcd_away"),
        (&reboot, mine, "ack 0 write", "ack 0 write", "ack 0 promise"),
        (
            &reboot,
            free,
            "wait fresh_read",
            "silent unknown_client",
            "silent etcd_away",
        ),
        (&reboot, moved, "wait fresh_read", "nak", "silent etcd_away"),
        (&reboot, taken, "wait fresh_read", "nak", "silent etcd_away"),
        (&reboot, elsewhere, "wait fresh_read", "nak", "silent etcd_away"),
        (&renew, mine, "ack 0 write", "ack 0 write", "ack 0 promise"),
        (&renew, free, "ack 0 write", "ack 0 write", "silent etcd_away"),
        (&renew, moved, "wait fresh_read", "nak", "silent etcd_away"),
        (&renew, taken, "wait fresh_read", "nak", "silent etcd_away"),
        (
            &renew,
            elsewhere,
            "silent outside_ranges",
            "silent outside_ranges",
            "silent outside_ranges",
        ),
    ] {
        assert_eq!(gist(&plan(packet, &facts, &USUAL)), usual, "{packet:?} {facts:?}");
        assert_eq!(gist(&plan(packet, &facts, &FRESH)), fresh, "{packet:?} {facts:?}");
        assert_eq!(gist(&plan(packet, &facts, &AWAY)), away, "{packet:?} {facts:?}");
    }
}

#[test]
fn another_servers_client_is_left_to_it_and_our_offer_taken_back() {
    let chosen = Packet {
        server_id: Some(OTHER),
        requested: Some(FIRST),
        ..packet(Kind::Request)
    };
    let silent = Plan::Silent {
        reason: DropReason::NotChosen,
        change: None,
        withdraw: true,
    };
    assert_eq!(plan(&chosen, &facts(), &USUAL), silent);
    for kind in [Kind::Release, Kind::Decline] {
        let theirs = Packet {
            server_id: Some(OTHER),
            ciaddr: Some(FIRST),
            requested: Some(FIRST),
            ..packet(kind)
        };
        assert_eq!(
            gist(&plan(
                &theirs,
                &Facts {
                    mine: held(0, 9),
                    ..facts()
                },
                &USUAL
            )),
            "silent not_chosen"
        );
    }
}

#[test]
fn only_the_holder_gives_back_or_declines() {
    let release = Packet {
        server_id: Some(SERVER),
        ciaddr: Some(FIRST),
        ..packet(Kind::Release)
    };
    let decline = Packet {
        server_id: Some(SERVER),
        requested: Some(FIRST),
        ..packet(Kind::Decline)
    };
    let holder = Facts {
        mine: held(0, 100),
        ..facts()
    };
    let other = Facts {
        mine: held(3, 100),
        ..facts()
    };
    assert_eq!(gist(&plan(&release, &holder, &USUAL)), "silent released write");
    assert_eq!(gist(&plan(&decline, &holder, &USUAL)), "silent declined write");
    for packet in [&release, &decline] {
        assert_eq!(gist(&plan(packet, &other, &USUAL)), "silent not_holder");
        assert_eq!(gist(&plan(packet, &holder, &AWAY)), "silent etcd_away");
    }
}

#[test]
fn from_memory_no_more_is_promised_than_is_left() {
    let renew = Packet {
        ciaddr: Some(FIRST),
        ..packet(Kind::Request)
    };
    for (left, expected) in [
        (3000, Some(2990)),
        (5000, Some(3600)),
        (11, Some(1)),
        (10, None),
        (-5, None),
    ] {
        let facts = Facts {
            mine: held(0, left),
            wanted: Wanted::Free(0),
            ..facts()
        };
        let got = match plan(&renew, &facts, &AWAY) {
            Plan::Answer { reply, .. } => reply.lease_seconds,
            _ => None,
        };
        assert_eq!(got, expected, "{left} seconds left");
    }
}

#[test]
fn the_stored_end_is_the_promise_and_the_grace() {
    let selecting = Packet {
        server_id: Some(SERVER),
        requested: Some(FIRST),
        ..packet(Kind::Request)
    };
    let facts = Facts {
        wanted: Wanted::Free(0),
        ..facts()
    };
    let Plan::Answer {
        reply,
        change: Some(Change::Lease { until, .. }),
        ..
    } = plan(&selecting, &facts, &USUAL)
    else {
        panic!("no lease");
    };
    assert_eq!(reply.lease_seconds, Some(3600));
    assert_eq!(until, NOW.checked_add(SignedDuration::from_secs(3610)).unwrap());
}

#[test]
fn what_lies_in_no_range_is_met_with_silence() {
    let (site, urls) = (
        site(),
        BootUrls::under("http://10.69.0.3:10080", "http://10.69.0.3:10080"),
    );
    let context = Context {
        site: &site,
        urls: &urls,
        server: SERVER,
        own: &[SERVER],
        away: false,
        fresh: true,
        foreign: false,
        grace: GRACE,
    };
    for kind in [
        Kind::Discover,
        Kind::Request,
        Kind::Release,
        Kind::Decline,
        Kind::Inform,
    ] {
        assert_eq!(
            gist(&decide(&packet(kind), None, &context, NOW)),
            "silent outside_ranges"
        );
    }
    for address in [
        "10.99.0.1",
        "127.0.0.1",
        "224.0.0.1",
        "10.69.0.0",
        "10.69.16.1",
        "9.255.255.255",
    ] {
        assert_eq!(site.layout.range(address.parse().unwrap()), None, "{address}");
    }
    assert_eq!(
        site.layout.range("10.69.1.1".parse().unwrap()).unwrap().first,
        Ipv4Addr::new(10, 69, 1, 32)
    );
}

#[test]
fn boot_urls_replace_the_path() {
    let urls = BootUrls::under(
        "http://10.69.0.3:10080/some/path?x=1",
        "http://10.69.0.3:10080/some/path?x=1",
    );
    assert_eq!(urls.ipxe_efi, "http://10.69.0.3:10080/api/v1/boot/ipxe.efi");
    assert_eq!(urls.script, "http://10.69.0.3:10080/api/v1/boot/coreos/ipxe");
}

#[test]
fn every_reply_fits_bootp() {
    let discover = Packet {
        boot: Boot::UefiHttp,
        relay_agent: Some(vec![1, 2, 3, 4]),
        ..packet(Kind::Discover)
    };
    for packet in [
        discover.clone(),
        Packet {
            giaddr: None,
            ..discover
        },
    ] {
        let Plan::Answer { reply, .. } = plan(&packet, &facts(), &USUAL) else {
            panic!("no reply")
        };
        let bytes = reply.encode(&packet).unwrap();
        assert!(bytes.len() >= 300, "{}", bytes.len());
        assert_eq!(bytes[8..10], [0, 0], "secs");
        assert_eq!(bytes[3], 0, "hops");
        assert!(
            bytes.windows(6).any(|window| window == [82, 4, 1, 2, 3, 4]),
            "option 82 comes back as it came"
        );
    }
    let long = Reply {
        boot_file: Some("u".repeat(200)),
        ..Reply::nak(SERVER)
    };
    assert!(
        long.encode(&packet(Kind::Discover)).unwrap().len() >= 300,
        "a long URL goes into option 67"
    );
}
