//! A server's reply, and its bytes.

use std::net::Ipv4Addr;

use dhcproto::v4::{
    DhcpOption, Flags, HType, MAGIC, MIN_PACKET_SIZE, Message, MessageType, Opcode, OptionCode, UnknownOption,
};
use dhcproto::{Encodable, Encoder};

use crate::packet::Packet;

/// The sizes of the header's `sname` and `file`.
const SNAME: usize = 64;
const FILE: usize = 128;

/// What kind of reply it is (option 53).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReplyKind {
    /// An address is on offer.
    Offer,
    /// The address is the client's for the lease time, or an INFORM is answered.
    Ack,
    /// The address is not the client's: it starts again.
    Nak,
}

impl ReplyKind {
    /// The word used in logs and metrics.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            ReplyKind::Offer => "offer",
            ReplyKind::Ack => "ack",
            ReplyKind::Nak => "nak",
        }
    }
}

/// The options about the network that an OFFER or ACK carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkOptions {
    /// Option 1, as a prefix length.
    pub mask: u8,
    /// Option 3.
    pub router: Ipv4Addr,
    /// Option 6, left out when empty.
    pub dns: Vec<Ipv4Addr>,
}

/// A reply as plain data: it can be compared, printed, and encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Option 53.
    pub kind: ReplyKind,
    /// The client's own address, on ACKs of renewals and INFORMs.
    pub ciaddr: Option<Ipv4Addr>,
    /// The address that is the client's.
    pub yiaddr: Option<Ipv4Addr>,
    /// Option 54, `siaddr` and `sname`: the address of the receiving interface.
    pub server: Ipv4Addr,
    /// Option 51 in seconds.
    pub lease_seconds: Option<u32>,
    /// Options 1, 3 and 6; a NAK has none.
    pub network: Option<NetworkOptions>,
    /// The URL in `file`.
    pub boot_file: Option<String>,
    /// Option 60 says `HTTPClient`, which UEFI firmware insists on.
    pub http_client: bool,
}

impl Reply {
    /// A NAK: RFC 2131 table 3 allows it nothing but the server identifier.
    #[must_use]
    pub fn nak(server: Ipv4Addr) -> Reply {
        Reply {
            kind: ReplyKind::Nak,
            ciaddr: None,
            yiaddr: None,
            server,
            lease_seconds: None,
            network: None,
            boot_file: None,
            http_client: false,
        }
    }

    /// The reply's bytes for the client that sent `packet`, padded to BOOTP's 300 octets because some relays and
    /// firmwares drop less. `None` when it cannot be encoded, which no input makes happen.
    #[must_use]
    pub fn encode(&self, packet: &Packet) -> Option<Vec<u8>> {
        let mut bytes = Vec::with_capacity(400);
        self.message(packet).encode(&mut Encoder::new(&mut bytes)).ok()?;
        if bytes.len() < MIN_PACKET_SIZE {
            bytes.resize(MIN_PACKET_SIZE, 0);
        }
        Some(bytes)
    }

    fn message(&self, packet: &Packet) -> Message {
        let none = Ipv4Addr::UNSPECIFIED;
        let siaddr = if self.kind == ReplyKind::Nak { none } else { self.server };
        let mut message = Message::new_with_id(
            packet.xid,
            self.ciaddr.unwrap_or(none),
            self.yiaddr.unwrap_or(none),
            siaddr,
            packet.giaddr.unwrap_or(none),
            packet.mac.octets(),
        );
        // A NAK through a relay is broadcast on the client's link (RFC 2131, 4.3.2): the client may be on another.
        let relayed_nak = self.kind == ReplyKind::Nak && packet.giaddr.is_some();
        if packet.broadcast || relayed_nak {
            message.set_flags(Flags::default().set_broadcast());
        }
        message
            .set_opcode(Opcode::BootReply)
            .set_htype(HType::from(packet.htype));
        debug_assert_eq!(MAGIC.len(), 4);
        let name = self.server.to_string();
        if self.kind != ReplyKind::Nak && name.len() < SNAME {
            message.set_sname_str(name);
        }
        self.options(packet, &mut message);
        message
    }

    fn options(&self, packet: &Packet, message: &mut Message) {
        let kind = match self.kind {
            ReplyKind::Offer => MessageType::Offer,
            ReplyKind::Ack => MessageType::Ack,
            ReplyKind::Nak => MessageType::Nak,
        };
        let options = message.opts_mut();
        options.insert(DhcpOption::MessageType(kind));
        options.insert(DhcpOption::ServerIdentifier(self.server));
        if let Some(network) = &self.network {
            options.insert(DhcpOption::SubnetMask(netmask(network.mask)));
            options.insert(DhcpOption::Router(vec![network.router]));
            if !network.dns.is_empty() {
                options.insert(DhcpOption::DomainNameServer(network.dns.clone()));
            }
        }
        if let Some(seconds) = self.lease_seconds {
            options.insert(DhcpOption::AddressLeaseTime(seconds));
        }
        if self.http_client {
            options.insert(DhcpOption::ClassIdentifier(b"HTTPClient".to_vec()));
        }
        if let Some(relay) = &packet.relay_agent {
            let raw = UnknownOption::new(OptionCode::RelayAgentInformation, relay.clone());
            options.insert(DhcpOption::Unknown(raw));
        }
        match &self.boot_file {
            Some(url) if url.len() < FILE => drop(message.set_fname_str(url)),
            Some(url) => drop(
                message
                    .opts_mut()
                    .insert(DhcpOption::BootfileName(url.clone().into_bytes())),
            ),
            None => {}
        }
    }
}

/// A prefix length of 0 to 32 as a mask.
fn netmask(bits: u8) -> Ipv4Addr {
    Ipv4Addr::from(
        u32::MAX
            .checked_shl(32_u32.saturating_sub(u32::from(bits)))
            .unwrap_or(0),
    )
}
