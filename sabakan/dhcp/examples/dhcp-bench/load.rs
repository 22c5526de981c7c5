//! The load: one socket that is all relays, and a table of exchanges in flight.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::Arc;
use std::time::{Duration, Instant};

use dhcproto::v4::{DhcpOption, Message, MessageType};
use testkit::dhcp::encode;
use tokio::net::UdpSocket;

/// A client asks again after this time, twice; then it is given up.
const AGAIN: Duration = Duration::from_secs(1);
const TRIES: u32 = 3;

/// Where and how many.
pub struct Load {
    server: SocketAddrV4,
    racks: u32,
    clients: u32,
    socket: Arc<UdpSocket>,
}

/// What came of it.
#[derive(Default)]
pub struct Report {
    pub leases: usize,
    pub given_up: usize,
    pub took: Duration,
    offers: Vec<Duration>,
    acks: Vec<Duration>,
}

impl Report {
    pub fn leases_per_second(&self) -> f64 {
        self.leases as f64 / self.took.as_secs_f64()
    }

    pub fn offer_mean_ms(&self) -> f64 {
        self.offers.iter().map(Duration::as_secs_f64).sum::<f64>() * 1000.0 / self.offers.len().max(1) as f64
    }

    pub fn offer_ms(&self, quantile: f64) -> f64 {
        at(&self.offers, quantile)
    }

    pub fn ack_ms(&self, quantile: f64) -> f64 {
        at(&self.acks, quantile)
    }
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a quantile of a length is an index"
)]
fn at(times: &[Duration], quantile: f64) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort();
    let index = (sorted.len() as f64 * quantile) as usize;
    sorted
        .get(index.min(sorted.len().saturating_sub(1)))
        .map_or(0.0, |time| time.as_secs_f64() * 1000.0)
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
    pub fn new(server: SocketAddrV4, racks: u32, clients: u32) -> Load {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::DGRAM, None).unwrap();
        socket.set_recv_buffer_size(8 << 20).unwrap();
        socket.set_reuse_address(true).unwrap();
        socket.set_nonblocking(true).unwrap();
        socket
            .bind(&SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 67).into())
            .unwrap();
        Load {
            server,
            racks,
            clients,
            socket: Arc::new(UdpSocket::from_std(socket.into()).unwrap()),
        }
    }

    /// Every client once, `window` at a time.
    pub async fn closed(&self, window: usize) -> Report {
        let mut run = Run::new(self);
        while run.next < self.clients || !run.flying.is_empty() {
            while run.next < self.clients && run.flying.len() < window {
                run.discover().await;
            }
            run.receive(Duration::from_millis(20)).await;
            run.repeat().await;
        }
        run.finish()
    }

    /// So many DISCOVERs a second, whatever comes back.
    pub async fn open(&self, rate: u32, time: Duration) -> Report {
        let mut run = Run::new(self);
        let mut started = 0_u32;
        while run.start.elapsed() < time || (!run.flying.is_empty() && run.start.elapsed() < time + AGAIN * TRIES) {
            let due = (run.start.elapsed().min(time).as_secs_f64() * f64::from(rate)).round();
            while f64::from(started) < due {
                run.next %= self.clients;
                run.discover().await;
                started += 1;
            }
            run.receive(Duration::from_micros(500)).await;
            run.repeat().await;
        }
        run.finish()
    }

    fn message(&self, client: u32, kind: MessageType, xid: u32) -> Message {
        let rack = client % self.racks;
        let mut message = Message::default();
        let [a, b, c, d] = client.to_be_bytes();
        message.set_chaddr(&[2, 0, a, b, c, d]).set_xid(xid);
        message.set_giaddr(Ipv4Addr::from(u32::from(Ipv4Addr::new(10, 64, 0, 0)) + rack * 64 + 1));
        message.opts_mut().insert(DhcpOption::MessageType(kind));
        message
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
        let xid = u32::try_from(testkit_seed() & 0x7fff_ffff).unwrap_or(1);
        Run {
            load,
            flying: HashMap::new(),
            next: 0,
            xid,
            report: Report::default(),
            start: now,
            looked: now,
        }
    }

    async fn discover(&mut self) {
        self.xid = self.xid.wrapping_add(1);
        let client = self.next;
        self.next += 1;
        let packet = encode(&self.load.message(client, MessageType::Discover, self.xid));
        self.send(&packet).await;
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
    }

    async fn send(&self, packet: &[u8]) {
        self.load.socket.send_to(packet, self.load.server).await.unwrap();
    }

    /// Takes what is there, and waits a little when nothing is.
    async fn receive(&mut self, patience: Duration) {
        let mut buffer = [0; 1024];
        let Ok(Ok(())) = tokio::time::timeout(patience, self.load.socket.readable()).await else {
            return;
        };
        while let Ok(len) = self.load.socket.try_recv(&mut buffer) {
            self.reply(&buffer[..len]).await;
        }
    }

    async fn reply(&mut self, bytes: &[u8]) {
        // The option 53 of a reply stands where its first options are; the header is of fixed form.
        if bytes.len() < 244 {
            return;
        }
        let xid = u32::from_be_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]);
        let Some(exchange) = self.flying.get_mut(&xid) else {
            return;
        };
        let now = Instant::now();
        match option(bytes, 53).and_then(|value| value.first()).copied() {
            Some(2) if !exchange.selecting => {
                self.report.offers.push(now - exchange.since);
                let mut request = self.load.message(exchange.client, MessageType::Request, xid);
                let address = Ipv4Addr::new(bytes[16], bytes[17], bytes[18], bytes[19]);
                let server: [u8; 4] = option(bytes, 54)
                    .and_then(|value| value.try_into().ok())
                    .unwrap_or_default();
                request.opts_mut().insert(DhcpOption::RequestedIpAddress(address));
                request
                    .opts_mut()
                    .insert(DhcpOption::ServerIdentifier(Ipv4Addr::from(server)));
                exchange.packet = encode(&request);
                exchange.selecting = true;
                exchange.sent = now;
                exchange.tries = 1;
                let packet = exchange.packet.clone();
                self.send(&packet).await;
            }
            Some(5) if exchange.selecting => {
                self.report.leases += 1;
                self.report.acks.push(now - exchange.sent);
                self.flying.remove(&xid);
            }
            Some(6) => {
                self.report.given_up += 1;
                self.flying.remove(&xid);
            }
            _ => {}
        }
    }

    async fn repeat(&mut self) {
        if self.looked.elapsed() < Duration::from_millis(200) {
            return;
        }
        self.looked = Instant::now();
        let late: Vec<u32> = self
            .flying
            .iter()
            .filter(|(_, exchange)| exchange.sent.elapsed() > AGAIN)
            .map(|(xid, _)| *xid)
            .collect();
        for xid in late {
            let Some(exchange) = self.flying.get_mut(&xid) else {
                continue;
            };
            exchange.tries += 1;
            exchange.sent = Instant::now();
            if exchange.tries > TRIES {
                self.report.given_up += 1;
                self.flying.remove(&xid);
                continue;
            }
            let packet = exchange.packet.clone();
            self.send(&packet).await;
        }
    }

    fn finish(mut self) -> Report {
        self.report.given_up += self.flying.len();
        self.report.took = self.start.elapsed();
        self.report
    }
}

/// The value of an option in a reply.
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
fn testkit_seed() -> u128 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(1, |since| since.as_nanos())
}
