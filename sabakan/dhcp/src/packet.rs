//! A client's packet, read from bytes.
//!
//! The header comes from dhcproto's borrowed view. The options are walked here, because a receiver has to be
//! liberal: pieces of one option are joined wherever they stand (RFC 3396), options may overflow into `file`
//! and `sname` (option 52), a missing end mark or a cut tail costs only what is behind it, and an option of
//! the wrong length counts as absent. No input panics.

use std::net::Ipv4Addr;

use dhcproto::v4::{HType, MessageType, Opcode, OptionCode, borrowed};

use crate::mac::Mac;

#[cfg(test)]
mod tests;

/// Why bytes are no request of a DHCP client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PacketError {
    /// Shorter than the fixed header and the magic cookie.
    #[error("the packet is shorter than a DHCP header")]
    Short,
    /// The octets 99, 130, 83, 99 are not where they belong.
    #[error("the packet has no DHCP magic cookie")]
    Cookie,
    /// A reply, or an operation that does not exist.
    #[error("the packet is not a request")]
    NotRequest,
    /// `hlen` is 0 or over 16, or the address is all zero or a group's.
    #[error("the packet's hardware address cannot be a client's")]
    HardwareAddress,
    /// Option 53 is missing or not a client's.
    #[error("the packet's message type is none of a client's")]
    MessageType,
}

/// What a client asks for (option 53).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Any server's offer is wanted.
    Discover,
    /// An offer is taken, or a lease confirmed or extended.
    Request,
    /// The address is in use by somebody else.
    Decline,
    /// The address is given back.
    Release,
    /// Only options are wanted.
    Inform,
}

impl Kind {
    /// The word used in logs and metrics.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Kind::Discover => "discover",
            Kind::Request => "request",
            Kind::Decline => "decline",
            Kind::Release => "release",
            Kind::Inform => "inform",
        }
    }
}

/// What a client's firmware can be sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Boot {
    /// No boot file: an operating system, or plain PXE, which is another server's business.
    None,
    /// UEFI HTTP boot (option 93 holds 15 or 16, option 60 starts with `HTTPClient`).
    UefiHttp,
    /// iPXE (option 77).
    Ipxe,
}

/// A client's packet, with what the decision needs and nothing more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// Option 53.
    pub kind: Kind,
    /// Transaction, chosen by the client.
    pub xid: u32,
    /// Hardware type, echoed.
    pub htype: u8,
    /// The client.
    pub mac: Mac,
    /// The client cannot receive unicast yet.
    pub broadcast: bool,
    /// The address that the client says it has.
    pub ciaddr: Option<Ipv4Addr>,
    /// The relay, or none when the client was heard directly.
    pub giaddr: Option<Ipv4Addr>,
    /// Option 50.
    pub requested: Option<Ipv4Addr>,
    /// Option 54.
    pub server_id: Option<Ipv4Addr>,
    /// What the firmware can be sent to.
    pub boot: Boot,
    /// Option 82 as it came; it goes back as it came (RFC 3046).
    pub relay_agent: Option<Vec<u8>>,
}

impl Packet {
    /// Reads a datagram.
    ///
    /// # Errors
    /// [`PacketError`] tells what makes it no request of a client.
    pub fn parse(bytes: &[u8]) -> Result<Packet, PacketError> {
        let head = borrowed::Message::new(bytes).map_err(|_| PacketError::Short)?;
        if bytes.get(236..240) != Some(&dhcproto::v4::MAGIC) {
            return Err(PacketError::Cookie);
        }
        if head.opcode() != Opcode::BootRequest {
            return Err(PacketError::NotRequest);
        }
        if head.hlen() > 16 {
            return Err(PacketError::HardwareAddress);
        }
        let mac = Mac::new(head.chaddr())
            .filter(|mac| mac.is_unicast() || head.htype() != HType::Eth)
            .ok_or(PacketError::HardwareAddress)?;
        let options = Options::collect(bytes);
        Ok(Packet {
            kind: options.kind().ok_or(PacketError::MessageType)?,
            xid: head.xid(),
            htype: head.htype().into(),
            mac,
            broadcast: head.flags().broadcast(),
            ciaddr: specified(head.ciaddr()),
            giaddr: specified(head.giaddr()),
            requested: options.address(OptionCode::RequestedIpAddress),
            server_id: options.address(OptionCode::ServerIdentifier),
            boot: options.boot(),
            relay_agent: options.get(OptionCode::RelayAgentInformation).map(<[u8]>::to_vec),
        })
    }
}

fn specified(address: Ipv4Addr) -> Option<Ipv4Addr> {
    Some(address).filter(|address| !address.is_unspecified())
}

/// The options that matter to a server, pieces joined.
struct Options {
    found: Vec<(OptionCode, Vec<u8>)>,
}

/// Options that are read; all others are passed over, so that a packet of thousands costs nothing.
const WANTED: [OptionCode; 8] = [
    OptionCode::MessageType,
    OptionCode::RequestedIpAddress,
    OptionCode::ServerIdentifier,
    OptionCode::ClassIdentifier,
    OptionCode::UserClass,
    OptionCode::RelayAgentInformation,
    OptionCode::ClientSystemArchitecture,
    OptionCode::OptionOverload,
];

impl Options {
    /// Walks the options field, then `file`, then `sname` when option 52 says so: the order of RFC 3396.
    fn collect(bytes: &[u8]) -> Options {
        let mut options = Options {
            found: Vec::with_capacity(WANTED.len()),
        };
        options.walk(bytes.get(240..).unwrap_or_default());
        let overload = options
            .get(OptionCode::OptionOverload)
            .and_then(|value| value.first())
            .copied()
            .unwrap_or(0);
        if overload == 1 || overload == 3 {
            options.walk(bytes.get(108..236).unwrap_or_default());
        }
        if overload == 2 || overload == 3 {
            options.walk(bytes.get(44..108).unwrap_or_default());
        }
        options
    }

    fn walk(&mut self, mut rest: &[u8]) {
        while let Some((&code, tail)) = rest.split_first() {
            let code = OptionCode::from(code);
            match code {
                OptionCode::Pad => rest = tail,
                OptionCode::End => return,
                _ => {
                    let Some((&len, tail)) = tail.split_first() else { return };
                    let Some((value, tail)) = tail.split_at_checked(usize::from(len)) else {
                        return;
                    };
                    self.add(code, value);
                    rest = tail;
                }
            }
        }
    }

    fn add(&mut self, code: OptionCode, value: &[u8]) {
        if !WANTED.contains(&code) {
            return;
        }
        match self.found.iter_mut().find(|(known, _)| *known == code) {
            Some((_, joined)) => joined.extend_from_slice(value),
            None => self.found.push((code, value.to_vec())),
        }
    }

    fn get(&self, code: OptionCode) -> Option<&[u8]> {
        self.found
            .iter()
            .find(|(known, _)| *known == code)
            .map(|(_, value)| value.as_slice())
    }

    /// An address of exactly four octets. A client that doubles the option with the same value is understood.
    fn address(&self, code: OptionCode) -> Option<Ipv4Addr> {
        let value = self.get(code)?;
        let first: [u8; 4] = value.get(..4)?.try_into().ok()?;
        let same = value.chunks(4).all(|piece| piece == first);
        same.then(|| Ipv4Addr::from(first)).and_then(specified)
    }

    fn kind(&self) -> Option<Kind> {
        match MessageType::from(*self.get(OptionCode::MessageType)?.first()?) {
            MessageType::Discover => Some(Kind::Discover),
            MessageType::Request => Some(Kind::Request),
            MessageType::Decline => Some(Kind::Decline),
            MessageType::Release => Some(Kind::Release),
            MessageType::Inform => Some(Kind::Inform),
            _ => None,
        }
    }

    fn boot(&self) -> Boot {
        if self.get(OptionCode::UserClass).is_some_and(says_ipxe) {
            Boot::Ipxe
        } else if self.is_uefi_http() {
            Boot::UefiHttp
        } else {
            Boot::None
        }
    }

    /// RFC 4578 and the IANA list of architectures: 15 is x86 UEFI HTTP, 16 is x64 UEFI HTTP.
    fn is_uefi_http(&self) -> bool {
        let architectures = self.get(OptionCode::ClientSystemArchitecture).unwrap_or_default();
        let listed = architectures.len().is_multiple_of(2)
            && architectures.chunks_exact(2).any(|arch| matches!(arch, [0, 15 | 16]));
        listed
            && self
                .get(OptionCode::ClassIdentifier)
                .is_some_and(|class| class.starts_with(b"HTTPClient"))
    }
}

/// iPXE says `iPXE` bare; RFC 3004 wants a list of classes, each behind its length.
fn says_ipxe(classes: &[u8]) -> bool {
    if classes == b"iPXE" {
        return true;
    }
    let mut rest = classes;
    while let Some((&len, tail)) = rest.split_first() {
        let Some((class, tail)) = tail.split_at_checked(usize::from(len)) else {
            return false;
        };
        if class == b"iPXE" {
            return true;
        }
        rest = tail;
    }
    false
}
