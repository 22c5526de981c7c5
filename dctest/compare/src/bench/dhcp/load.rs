//! DISCOVER to ACK from many relays: one socket that is all relays, and a table of exchanges in flight.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use dhcproto::v4::{DhcpOption, Message, MessageType};
use testkit::dhcp::encode;
use tokio::net::UdpSocket;

use super::report::Report;
use crate::network::relay;

/// A client asks again after this time, so often in all; then it is given up.
const AGAIN: Duration = Duration::from_secs(1);
const TRIES: u32 = 3;

/// Where and how many.
#[derive(Debug)]
pub(super) struct Load {
    server: SocketAddrV4,
    racks: u32,
    clients: u32,
    socket: UdpSocket,
}

/// One client's exchange.
struct Exchange {
    client: u32,
    packet: Vec<u8>,
    selecting: bool,
    since: Instant,
    sent: Instant,
    tries: u32,
}

impl Load {
    /// Clients behind the relays of so many racks.
    ///
    /// # Errors
    /// When port 67 of this network is taken.
    pub(super) fn new(server: SocketAddrV4, racks: u32, clients: u32) -> anyhow::Result<Self> {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::DGRAM, None)?;
        socket.set_recv_buffer_size(8 << 20)?;
        socket.set_nonblocking(true)?;
        socket
            .bind(&SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 67).into())
            .context("cannot be a DHCP relay")?;
        Ok(Self {
            server,
            racks,
            clients,
            socket: UdpSocket::from_std(socket.into())?,
        })
    }

    /// Every client once, `window` at a time.
    ///
    /// # Errors
    /// The network's.
    pub(super) async fn closed(&self, window: usize) -> anyhow::Result<Report> {
        let mut run = Run::new(self);
        while run.next < self.clients || !run.flying.is_empty() {
            while run.next < self.clients && run.flying.len() < window {
                run.discover().await?;
            }
            run.receive(Duration::from_millis(20)).await?;
            run.repeat().await?;
        }
        Ok(run.finish())
    }

    /// So many DISCOVERs a second, whatever comes back. Leases count until the last DISCOVER is sent.
    ///
    /// # Errors
    /// The network's.
    pub(super) async fn open(&self, rate: u32, time: Duration) -> anyhow::Result<Report> {
        let mut run = Run::new(self);
        let mut started = 0_u32;
        while run.start.elapsed() < time {
            let due = (run.start.elapsed().as_secs_f64() * f64::from(rate)).round();
            while f64::from(started) < due {
                run.next %= self.clients;
                run.discover().await?;
                started += 1;
            }
            run.receive(Duration::from_micros(500)).await?;
            run.repeat().await?;
        }
        Ok(run.finish())
    }

    fn message(&self, client: u32, kind: MessageType, xid: u32) -> Message {
        let mut message = Message::default();
        let [a, b, c, d] = client.to_be_bytes();
        message.set_chaddr(&[2, 0, a, b, c, d]).set_xid(xid);
        message.set_giaddr(relay(client % self.racks));
        message.opts_mut().insert(DhcpOption::MessageType(kind));
        message
    }

    async fn send(&self, packet: &[u8]) -> anyhow::Result<()> {
        self.socket.send_to(packet, self.server).await?;
        Ok(())
    }
}

struct Run<'a> {
    load: &'a Load,
    flying: HashMap<u32, Exchange>,
    next: u32,
    xid: u32,
    report: Report,
    start: Instant,
    looked: Instant,
}

impl<'a> Run<'a> {
    fn new(load: &'a Load) -> Run<'a> {
        let now = Instant::now();
        Run {
            load,
            flying: HashMap::new(),
            next: 0,
            xid: first_xid(),
            report: Report::default(),
            start: now,
            looked: now,
        }
    }

    async fn discover(&mut self) -> anyhow::Result<()> {
        self.xid = self.xid.wrapping_add(1);
        let client = self.next;
        self.next += 1;
        let packet = encode(&self.load.message(client, MessageType::Discover, self.xid));
        self.load.send(&packet).await?;
        let now = Instant::now();
        let exchange = Exchange {
            client,
            packet,
            selecting: false,
            since: now,
            sent: now,
            tries: 1,
        };
        self.flying.insert(self.xid, exchange);
        Ok(())
    }

    /// Takes what is there, and waits a little when nothing is.
    async fn receive(&mut self, patience: Duration) -> anyhow::Result<()> {
        let mut buffer = [0; 1024];
        if tokio::time::timeout(patience, self.load.socket.readable())
            .await
            .is_err()
        {
            return Ok(());
        }
        while let Ok(len) = self.load.socket.try_recv(&mut buffer) {
            if let Some(reply) = Reply::read(buffer.get(..len).unwrap_or_default()) {
                self.reply(&reply).await?;
            }
        }
        Ok(())
    }

    async fn reply(&mut self, reply: &Reply) -> anyhow::Result<()> {
        let Some(exchange) = self.flying.get_mut(&reply.xid) else {
            return Ok(());
        };
        let now = Instant::now();
        match reply.kind {
            2 if !exchange.selecting => {
                self.report.offers.push(now - exchange.since);
                let mut request = self.load.message(exchange.client, MessageType::Request, reply.xid);
                let options = request.opts_mut();
                options.insert(DhcpOption::RequestedIpAddress(reply.address));
                options.insert(DhcpOption::ServerIdentifier(reply.server));
                exchange.packet = encode(&request);
                exchange.selecting = true;
                exchange.sent = now;
                exchange.tries = 1;
                self.load.send(&exchange.packet).await?;
            }
            5 if exchange.selecting => {
                self.report.acks.push(now - exchange.sent);
                self.flying.remove(&reply.xid);
            }
            6 => {
                self.report.given_up += 1;
                self.flying.remove(&reply.xid);
            }
            _ => {}
        }
        Ok(())
    }

    async fn repeat(&mut self) -> anyhow::Result<()> {
        if self.looked.elapsed() < Duration::from_millis(200) {
            return Ok(());
        }
        self.looked = Instant::now();
        let before = self.flying.len();
        self.flying
            .retain(|_, exchange| exchange.tries < TRIES || exchange.sent.elapsed() <= AGAIN);
        self.report.given_up += before - self.flying.len();
        for exchange in self.flying.values_mut().filter(|e| e.sent.elapsed() > AGAIN) {
            exchange.tries += 1;
            exchange.sent = self.looked;
            self.load.send(&exchange.packet).await?;
        }
        Ok(())
    }

    fn finish(mut self) -> Report {
        self.report.took = self.start.elapsed();
        self.report
    }
}

/// What counts of a reply.
struct Reply {
    xid: u32,
    kind: u8,
    address: Ipv4Addr,
    server: Ipv4Addr,
}

impl Reply {
    /// Reads the fields at their fixed places, and the two options; a whole parser would take the servers' CPU.
    fn read(bytes: &[u8]) -> Option<Self> {
        let four = |at: usize| bytes.get(at..at + 4)?.try_into().ok();
        Some(Self {
            xid: u32::from_be_bytes(four(4)?),
            address: Ipv4Addr::from(four(16)?),
            kind: *option(bytes, 53)?.first()?,
            server: <[u8; 4]>::try_from(option(bytes, 54)?).ok()?.into(),
        })
    }
}

fn option(bytes: &[u8], wanted: u8) -> Option<&[u8]> {
    let mut rest = bytes.get(240..)?;
    loop {
        match *rest {
            [0, ref tail @ ..] => rest = tail,
            [code, len, ref tail @ ..] if code != 255 => {
                let (value, tail) = tail.split_at_checked(usize::from(len))?;
                if code == wanted {
                    return Some(value);
                }
                rest = tail;
            }
            _ => return None,
        }
    }
}

/// Transactions of one run differ from those of the last.
fn first_xid() -> u32 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.subsec_nanos()
}
