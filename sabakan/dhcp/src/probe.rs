//! Looks for machines that use a free address without a lease, ahead of need: no OFFER waits for it.
//!
//! For ranges where clients asked lately, the next free addresses get a datagram to the discard port, which makes the
//! kernel ask by ARP on a link of this host, and an ICMP echo request, which also passes routers. Whoever answers is
//! avoided for a while. Without the right to send ICMP, only the links of this host are looked at.

use std::collections::HashSet;
use std::mem::MaybeUninit;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use socket2::{Domain, Protocol, Socket, Type};

use crate::metrics::Metrics;
use crate::range::Saturating as _;
use crate::store::{Store, ticker};

/// Addresses probed in a range at a time: what the next clients of a rack would get.
const AHEAD: usize = 8;
/// Between rounds.
const ROUND: Duration = Duration::from_secs(15);
/// A stale ARP entry is asked again by the kernel within this time, and is gone if nobody answers.
const SETTLE: Duration = Duration::from_secs(9);
/// How long an address in use is avoided.
const AVOID: SignedDuration = SignedDuration::from_mins(10);
/// The well-known port that throws away what it gets.
const DISCARD: u16 = 9;

/// Probes until dropped.
pub(crate) async fn probe_forever(store: Store, metrics: Metrics) {
    let Ok(udp) = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)) else {
        return;
    };
    let icmp = icmp_socket();
    if icmp.is_none() {
        tracing::info!(
            op = "dhcp probe",
            "no right to send ICMP: addresses in use without a lease are found on links of this host only"
        );
    }
    let mut rounds = ticker(ROUND);
    loop {
        rounds.tick().await;
        let candidates = store.probe_candidates(AHEAD, Timestamp::now());
        let addresses: Vec<_> = candidates
            .into_iter()
            .filter_map(|(range, index)| range.address(index).map(|address| (range, index, address)))
            .collect();
        if addresses.is_empty() {
            continue;
        }
        for (_, _, address) in &addresses {
            // Unreachable networks answer with an error; that is no conflict.
            let _sent = udp.send_to(&[], (*address, DISCARD));
            if let Some(icmp) = &icmp {
                let _sent = icmp.send_to(&ECHO, &SocketAddrV4::new(*address, 0).into());
            }
        }
        tokio::time::sleep(SETTLE).await;
        let answered = answered(icmp.as_ref());
        for (range, index, address) in addresses {
            if answered.contains(&address) {
                tracing::warn!(op = "dhcp probe", %address, "an address without a lease is in use: it is avoided");
                metrics.conflict();
                store.avoid(range, index, Timestamp::now().saturating_add_(AVOID));
            }
        }
    }
}

/// An ICMP echo request with its checksum; the kernel fills in the identifier on unprivileged sockets.
const ECHO: [u8; 8] = [8, 0, 0xf7, 0xff, 0, 0, 0, 0];

fn icmp_socket() -> Option<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::ICMPV4))
        .or_else(|_| Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::ICMPV4)))
        .ok()?;
    socket.set_nonblocking(true).ok()?;
    Some(socket)
}

fn answered(icmp: Option<&Socket>) -> HashSet<Ipv4Addr> {
    let mut found: HashSet<Ipv4Addr> = arp_entries(&std::fs::read_to_string("/proc/net/arp").unwrap_or_default());
    if let Some(icmp) = icmp {
        let mut buffer = [MaybeUninit::uninit(); 256];
        while let Ok((_, from)) = icmp.recv_from(&mut buffer) {
            found.extend(from.as_socket_ipv4().map(|from| *from.ip()));
        }
    }
    found
}

/// The complete entries of `/proc/net/arp`: address, type, flags, hardware address, mask, device.
fn arp_entries(table: &str) -> HashSet<Ipv4Addr> {
    let complete = |line: &str| {
        let mut words = line.split_ascii_whitespace();
        let address = words.next()?.parse().ok()?;
        let flags = words.nth(1)?.strip_prefix("0x")?;
        (u32::from_str_radix(flags, 16).ok()? & 2 != 0).then_some(address)
    };
    table.lines().filter_map(complete).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_complete_arp_entries_count() {
        let table = "IP address       HW type     Flags       HW address            Mask     Device\n\
                     10.69.0.33       0x1         0x2         52:54:00:12:34:56     *        eth0\n\
                     10.69.0.34       0x1         0x0         00:00:00:00:00:00     *        eth0\n";
        assert_eq!(arp_entries(table), HashSet::from([Ipv4Addr::new(10, 69, 0, 33)]));
    }
}
