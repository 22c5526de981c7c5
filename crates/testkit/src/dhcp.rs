//! A DHCP client, or a rack full of them, behind a relay or on a link.
//!
//! A [`Port`] is a socket that many clients share: replies are told apart by transaction. [`Client`] has a method for each
//! thing that RFC 2131 lets a client say.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dhcproto::v4::{DhcpOption, Flags, Message, MessageType, OptionCode};
use dhcproto::{Decodable, Decoder, Encodable, Encoder};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;

/// How long a client waits for a reply that is due.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// After so long without a reply it says the same again, as RFC 2131 (4.1) has it: packets may be lost.
const AGAIN: Duration = Duration::from_secs(4);
/// How long it waits for a reply that may not come, and is asked for again.
const SOON: Duration = Duration::from_secs(2);
/// How long it listens where silence is expected.
pub const SILENCE: Duration = Duration::from_millis(400);

/// How long a client listens.
#[derive(Debug, Clone, Copy)]
struct Ear {
    /// To how many replies.
    most: usize,
    /// For the first.
    first: Duration,
    /// For the others, after the first.
    others: Duration,
    /// Whether it repeats itself until the first comes.
    again: bool,
}

impl Ear {
    fn one(within: Duration) -> Ear {
        Ear {
            most: 1,
            first: within,
            others: Duration::ZERO,
            again: within > AGAIN,
        }
    }
}

type Waiting = Arc<Mutex<HashMap<u32, mpsc::UnboundedSender<Message>>>>;

static NEXT_XID: AtomicU32 = AtomicU32::new(1);

/// A socket of a relay or of a link.
#[derive(Debug, Clone)]
pub struct Port {
    socket: Arc<UdpSocket>,
    waiting: Waiting,
    giaddr: Ipv4Addr,
    servers: Vec<SocketAddrV4>,
}

impl Port {
    /// A relay with this address, which sends to each of the servers and listens on port 67.
    ///
    /// # Errors
    /// The system's: the address is not this host's, or its port is taken.
    pub fn relay(giaddr: Ipv4Addr, servers: &[SocketAddrV4]) -> io::Result<Port> {
        Port::bind(SocketAddrV4::new(giaddr, 67), None, giaddr, servers)
    }

    /// Clients on a link: they broadcast to the servers' port and listen on port 68 of the interface.
    ///
    /// # Errors
    /// The system's: there is no such interface, or its port is taken.
    pub fn link(interface: &str, server_port: u16) -> io::Result<Port> {
        let all = SocketAddrV4::new(Ipv4Addr::BROADCAST, server_port);
        Port::bind(
            SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 68),
            Some(interface),
            Ipv4Addr::UNSPECIFIED,
            &[all],
        )
    }

    fn bind(
        address: SocketAddrV4,
        interface: Option<&str>,
        giaddr: Ipv4Addr,
        servers: &[SocketAddrV4],
    ) -> io::Result<Port> {
        let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
        socket.set_reuse_address(true)?;
        socket.set_broadcast(true)?;
        socket.set_nonblocking(true)?;
        let _less = socket.set_recv_buffer_size(8 << 20);
        if let Some(interface) = interface {
            socket.bind_device(Some(interface.as_bytes()))?;
        }
        socket.bind(&address.into())?;
        let socket = Arc::new(UdpSocket::from_std(socket.into())?);
        let waiting = Waiting::default();
        tokio::spawn(receive(Arc::downgrade(&socket), Arc::clone(&waiting)));
        Ok(Port {
            socket,
            waiting,
            giaddr,
            servers: servers.to_vec(),
        })
    }

    /// The same port, as another relay: the socket must be bound to all addresses or theirs.
    #[must_use]
    pub fn as_relay(&self, giaddr: Ipv4Addr) -> Port {
        Port { giaddr, ..self.clone() }
    }

    /// A client behind it.
    #[must_use]
    pub fn client(&self, mac: [u8; 6]) -> Client {
        Client {
            port: self.clone(),
            mac,
            options: Vec::new(),
            broadcast: false,
            bytes: None,
        }
    }

    async fn send(&self, bytes: &[u8], to: SocketAddrV4) {
        self.socket
            .send_to(bytes, to)
            .await
            .expect("a DHCP packet could not be sent");
    }
}

async fn receive(socket: std::sync::Weak<UdpSocket>, waiting: Waiting) {
    let mut buffer = vec![0; 2048];
    loop {
        let Some(socket) = socket.upgrade() else { return };
        // A short wait, so that a dropped port is noticed.
        let received = tokio::time::timeout(Duration::from_millis(200), socket.recv_from(&mut buffer)).await;
        let Ok(Ok((len, _))) = received else { continue };
        let Ok(message) = Message::decode(&mut Decoder::new(&buffer[..len])) else {
            continue;
        };
        let waiting = waiting.lock().expect("a client panicked");
        if let Some(client) = waiting.get(&message.xid()) {
            let _gone = client.send(message);
        }
    }
}

/// One client.
#[derive(Debug, Clone)]
pub struct Client {
    port: Port,
    mac: [u8; 6],
    options: Vec<DhcpOption>,
    broadcast: bool,
    bytes: Option<fn(&mut Vec<u8>)>,
}

impl Client {
    /// Adds an option to all that it says.
    #[must_use]
    pub fn with(mut self, option: DhcpOption) -> Client {
        self.options.push(option);
        self
    }

    /// Says that it is UEFI firmware that boots over HTTP.
    #[must_use]
    pub fn uefi_http(self) -> Client {
        self.with(DhcpOption::ClientSystemArchitecture(dhcproto::v4::Architecture(16)))
            .with(DhcpOption::ClassIdentifier(
                b"HTTPClient:Arch:00016:UNDI:003001".to_vec(),
            ))
    }

    /// Says that it is iPXE.
    #[must_use]
    pub fn ipxe(self) -> Client {
        self.with(DhcpOption::UserClass(b"iPXE".to_vec()))
    }

    /// Changes the bytes of each packet before it is sent.
    #[must_use]
    pub fn bending(mut self, bend: fn(&mut Vec<u8>)) -> Client {
        self.bytes = Some(bend);
        self
    }

    /// Asks for replies by broadcast.
    #[must_use]
    pub fn broadcasting(mut self) -> Client {
        self.broadcast = true;
        self
    }

    /// A message of this client, with a new transaction.
    pub fn message(&self, kind: MessageType) -> Message {
        let mut message = Message::default();
        message.set_xid(NEXT_XID.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b1));
        message.set_chaddr(&self.mac).set_giaddr(self.port.giaddr);
        if self.broadcast {
            message.set_flags(Flags::default().set_broadcast());
        }
        message.opts_mut().insert(DhcpOption::MessageType(kind));
        for option in &self.options {
            message.opts_mut().insert(option.clone());
        }
        message
    }

    /// Sends to the servers, and returns the first reply.
    pub async fn ask(&self, message: &Message) -> Option<Message> {
        self.exchange(message, &self.port.servers, Ear::one(PATIENCE))
            .await
            .pop()
    }

    /// Sends to the servers, and expects that nobody answers.
    pub async fn ask_in_vain(&self, message: &Message) -> bool {
        let silence = Ear::one(SILENCE);
        self.exchange(message, &self.port.servers, silence).await.is_empty()
    }

    /// Sends to the servers, and returns what comes within a time.
    pub async fn ask_all(&self, message: &Message, within: Duration) -> Vec<Message> {
        let end = Ear {
            most: usize::MAX,
            first: within,
            others: Duration::ZERO,
            again: false,
        };
        self.exchange(message, &self.port.servers, end).await
    }

    /// Sends to the servers, and returns the first reply that comes within a time.
    pub async fn ask_within(&self, message: &Message, within: Duration) -> Option<Message> {
        self.exchange(message, &self.port.servers, Ear::one(within)).await.pop()
    }

    /// Sends to the servers, and returns the first reply and others, up to `most`, that come within a time after it.
    pub async fn ask_some(&self, message: &Message, most: usize, others: Duration) -> Vec<Message> {
        let ear = Ear {
            most,
            others,
            ..Ear::one(PATIENCE)
        };
        self.exchange(message, &self.port.servers, ear).await
    }

    /// Sends to one server without a relay, and returns the first reply.
    pub async fn ask_directly(&self, message: &Message, server: SocketAddrV4) -> Option<Message> {
        self.exchange(message, &[server], Ear::one(PATIENCE)).await.pop()
    }

    /// The same, with little patience: for servers that may not be there.
    pub async fn ask_directly_soon(&self, message: &Message, server: SocketAddrV4) -> Option<Message> {
        self.exchange(message, &[server], Ear::one(SILENCE)).await.pop()
    }

    /// Sends the same packet `copies` times, and counts the replies until there is silence.
    pub async fn ask_repeatedly(&self, message: &Message, copies: usize) -> usize {
        let servers: Vec<SocketAddrV4> = self.port.servers.iter().copied().cycle().take(copies).collect();
        let ear = Ear {
            most: usize::MAX,
            first: PATIENCE,
            others: SILENCE,
            again: false,
        };
        self.exchange(message, &servers, ear).await.len()
    }

    async fn exchange(&self, message: &Message, to: &[SocketAddrV4], ear: Ear) -> Vec<Message> {
        let (sender, mut replies) = mpsc::unbounded_channel();
        self.port
            .waiting
            .lock()
            .expect("a client panicked")
            .insert(message.xid(), sender);
        let mut bytes = encode(message);
        if let Some(bend) = self.bytes {
            bend(&mut bytes);
        }
        let got = self.listen(&bytes, to, ear, &mut replies).await;
        self.port
            .waiting
            .lock()
            .expect("a client panicked")
            .remove(&message.xid());
        got
    }

    /// Says it until a reply comes, and hears the others out.
    async fn listen(
        &self,
        bytes: &[u8],
        to: &[SocketAddrV4],
        ear: Ear,
        replies: &mut mpsc::UnboundedReceiver<Message>,
    ) -> Vec<Message> {
        let mut end = tokio::time::Instant::now() + ear.first;
        let mut got = Vec::new();
        while got.is_empty() && tokio::time::Instant::now() < end {
            for server in to {
                self.port.send(bytes, *server).await;
            }
            let pause = if ear.again {
                end.min(tokio::time::Instant::now() + AGAIN)
            } else {
                end
            };
            got.extend(tokio::time::timeout_at(pause, replies.recv()).await.ok().flatten());
        }
        // Replies count from the first on, which a busy machine may take its time for.
        if !ear.others.is_zero() {
            end = tokio::time::Instant::now() + ear.others;
        }
        while !got.is_empty()
            && got.len() < ear.most
            && let Ok(Some(reply)) = tokio::time::timeout_at(end, replies.recv()).await
        {
            got.push(reply);
        }
        got
    }

    /// DISCOVER: the offer.
    pub async fn discover(&self) -> Option<Message> {
        self.ask(&self.message(MessageType::Discover)).await
    }

    /// DISCOVER, with little patience: for conditions that are asked for again.
    pub async fn discover_soon(&self) -> Option<Message> {
        self.ask_within(&self.message(MessageType::Discover), SOON).await
    }

    /// DISCOVER, and expects that nobody answers.
    pub async fn discover_in_vain(&self) -> bool {
        self.ask_in_vain(&self.message(MessageType::Discover)).await
    }

    /// REQUEST for an offer, with little patience.
    pub async fn request_soon(&self, offer: &Message) -> Option<Message> {
        self.ask_within(&self.selecting(offer), SOON).await
    }

    /// The REQUEST that takes an offer.
    pub fn selecting(&self, offer: &Message) -> Message {
        let mut message = self.message(MessageType::Request);
        message
            .opts_mut()
            .insert(DhcpOption::RequestedIpAddress(offer.yiaddr()));
        message.opts_mut().insert(DhcpOption::ServerIdentifier(
            server_id(offer).expect("an offer without option 54"),
        ));
        message
    }

    /// REQUEST for an offer: the answer.
    pub async fn request(&self, offer: &Message) -> Option<Message> {
        self.ask(&self.selecting(offer)).await
    }

    /// DISCOVER to ACK.
    ///
    /// # Panics
    /// When any of it fails.
    pub async fn lease(&self) -> Message {
        let offer = self.discover().await.expect("no OFFER");
        let answer = self.request(&offer).await.expect("no answer to the REQUEST");
        assert_eq!(kind(&answer), Some(MessageType::Ack));
        answer
    }

    /// The REQUEST of a client that remembers its address after a reboot.
    pub fn init_reboot(&self, address: Ipv4Addr) -> Message {
        let mut message = self.message(MessageType::Request);
        message.opts_mut().insert(DhcpOption::RequestedIpAddress(address));
        message
    }

    /// The REQUEST that renews or rebinds.
    pub fn renewing(&self, address: Ipv4Addr) -> Message {
        let mut message = self.message(MessageType::Request);
        message.set_ciaddr(address);
        message
    }

    /// INFORM from an address.
    pub fn inform(&self, address: Ipv4Addr) -> Message {
        let mut message = self.message(MessageType::Inform);
        message.set_ciaddr(address);
        message
    }

    /// Gives an address back; nobody answers.
    pub async fn release(&self, address: Ipv4Addr, server: Ipv4Addr) {
        let mut message = self.message(MessageType::Release);
        message.set_ciaddr(address);
        message.opts_mut().insert(DhcpOption::ServerIdentifier(server));
        self.tell(&message).await;
    }

    /// Says that an address is in use; nobody answers.
    pub async fn decline(&self, address: Ipv4Addr, server: Ipv4Addr) {
        let mut message = self.message(MessageType::Decline);
        message.opts_mut().insert(DhcpOption::RequestedIpAddress(address));
        message.opts_mut().insert(DhcpOption::ServerIdentifier(server));
        self.tell(&message).await;
    }

    /// Sends, and does not listen.
    pub async fn tell(&self, message: &Message) {
        for server in &self.port.servers {
            self.port.send(&encode(message), *server).await;
        }
    }
}

/// The bytes of a message.
///
/// # Panics
/// When it cannot be encoded.
pub fn encode(message: &Message) -> Vec<u8> {
    let mut bytes = Vec::new();
    message
        .encode(&mut Encoder::new(&mut bytes))
        .expect("a message that cannot be encoded");
    bytes
}

/// Option 53.
pub fn kind(message: &Message) -> Option<MessageType> {
    message.opts().msg_type()
}

/// Option 54.
pub fn server_id(message: &Message) -> Option<Ipv4Addr> {
    match message.opts().get(OptionCode::ServerIdentifier) {
        Some(DhcpOption::ServerIdentifier(server)) => Some(*server),
        _ => None,
    }
}

/// Option 51, in seconds.
pub fn lease_seconds(message: &Message) -> Option<u32> {
    match message.opts().get(OptionCode::AddressLeaseTime) {
        Some(DhcpOption::AddressLeaseTime(seconds)) => Some(*seconds),
        _ => None,
    }
}

/// The boot file's URL.
pub fn boot_file(message: &Message) -> Option<String> {
    message.fname().map(text)
}

/// The server's name.
pub fn server_name(message: &Message) -> Option<String> {
    message.sname().map(text)
}

/// A field of the header up to its end mark.
fn text(field: &[u8]) -> String {
    let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
    String::from_utf8_lossy(&field[..end]).into_owned()
}
