//! DHCP: no address becomes two clients', and each honours what the other leased.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4};

use anyhow::{Context, ensure};
use dhcproto::v4::{Message, MessageType};
use futures::future::join_all;
use testkit::dhcp::{Client, Port, kind};

use super::{Pair, Report, Running};

const RELAY: Ipv4Addr = Ipv4Addr::new(10, 69, 0, 1);

/// Fewer than a rack's range has addresses: 28 of 31.
const CLIENTS: u8 = 28;

pub(super) async fn check(pair: &Pair, report: &mut Report) {
    let (servers, port) = match sockets(pair) {
        Ok(both) => both,
        Err(error) => return report.line("a relay for the rack", Err(error)),
    };
    let held = lease_all(&servers, &port).await;
    let held = match held {
        Ok(held) => held,
        Err(error) => return report.line("both lease at once, no address twice", Err(error)),
    };
    report.line("both lease at once, no address twice", distinct(&held));
    for (from, to) in [(0, 1), (1, 0)] {
        let name = |at: usize| {
            if at == 0 {
                pair.ours.name()
            } else {
                pair.original.name()
            }
        };
        report.line(
            format!("leases of {} are renewed and offered again by {}", name(from), name(to)),
            honoured(&port, &held, from, servers[to]).await,
        );
    }
}

fn sockets(pair: &Pair) -> anyhow::Result<([SocketAddrV4; 2], Port)> {
    let socket = |side: &Running| SocketAddrV4::new(Ipv4Addr::LOCALHOST, side.server.dhcp);
    let servers = [socket(&pair.ours), socket(&pair.original)];
    Ok((servers, Port::relay(RELAY, &servers).context("cannot be the relay")?))
}

fn client(port: &Port, number: u8) -> Client {
    port.client([2, 0, 0, 0, 7, number])
}

/// Who holds which address, and which server leased it.
type Held = BTreeMap<u8, (usize, Ipv4Addr)>;

async fn lease_all(servers: &[SocketAddrV4; 2], port: &Port) -> anyhow::Result<Held> {
    let one = async |number: u8| {
        let at = usize::from(number % 2);
        let client = client(port, number);
        // Where both take the same address for different clients, one of them refuses at the end, and the client begins anew.
        for _ in 0..10 {
            let discover = client.message(MessageType::Discover);
            let Some(offer) = client.ask_directly(&discover, servers[at]).await else {
                continue;
            };
            let answer = client.ask_directly(&client.selecting(&offer), servers[at]).await;
            if let Some(address) = acknowledged(answer.as_ref()) {
                return Ok((number, (at, address)));
            }
        }
        anyhow::bail!("client {number} got no lease from {}", servers[at])
    };
    join_all((0..CLIENTS).map(one)).await.into_iter().collect()
}

fn acknowledged(answer: Option<&Message>) -> Option<Ipv4Addr> {
    answer
        .filter(|answer| kind(answer) == Some(MessageType::Ack))
        .map(Message::yiaddr)
}

fn distinct(held: &Held) -> anyhow::Result<()> {
    let mut holders: BTreeMap<Ipv4Addr, u8> = BTreeMap::new();
    for (number, (_, address)) in held {
        if let Some(other) = holders.insert(*address, *number) {
            anyhow::bail!("{address} was leased to clients {other} and {number}");
        }
    }
    Ok(())
}

async fn honoured(port: &Port, held: &Held, from: usize, other: SocketAddrV4) -> anyhow::Result<()> {
    for (number, (_, address)) in held.iter().filter(|(_, (at, _))| *at == from) {
        let client = client(port, *number);
        let renewed = client.ask_directly(&client.renewing(*address), other).await;
        ensure!(
            acknowledged(renewed.as_ref()).is_some(),
            "{other} does not renew {address}"
        );
        let offer = client.ask_directly(&client.message(MessageType::Discover), other).await;
        let offer = offer.with_context(|| format!("no offer for client {number}"))?;
        ensure!(
            offer.yiaddr() == *address,
            "{} is offered to the client of {address}",
            offer.yiaddr()
        );
    }
    Ok(())
}
