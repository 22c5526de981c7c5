//! The UDP socket: which interface a packet came in by, and where a reply goes.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::os::fd::AsRawFd;

use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, SockaddrIn, recvmsg, sendmsg, setsockopt, sockopt::Ipv4PacketInfo,
    sockopt::RcvBufForce,
};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::Interest;
use tokio::net::UdpSocket;

use crate::packet::Packet;
use crate::reply::{Reply, ReplyKind};

mod interfaces;

pub(crate) use interfaces::Interfaces;

/// Larger than any Ethernet frame; the rest of a jumbo is cut, and what is cut is not read.
const LARGEST: usize = 2048;
/// A storm's packets wait here while the server works.
const RECEIVE_BUFFER: usize = 8 << 20;

/// A datagram and how it came.
#[derive(Debug)]
pub(crate) struct Datagram {
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
    /// Index of the receiving interface.
    pub(crate) interface: u32,
}

/// The server's socket.
#[derive(Debug)]
pub(crate) struct Listener {
    socket: UdpSocket,
}

/// Where a reply goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// To the relay's server port.
    Relay(Ipv4Addr),
    /// To the client's own address.
    Client(Ipv4Addr),
    /// To all on the link of the receiving interface.
    Link,
}

impl Target {
    /// RFC 2131, section 4.1. A client that has no address yet is answered by broadcast even if it did not ask for
    /// that: unicast would need an ARP entry made by hand, and the right to make one.
    #[must_use]
    pub(crate) fn of(packet: &Packet, reply: &Reply) -> Target {
        match (packet.giaddr, packet.ciaddr) {
            (Some(relay), _) => Target::Relay(relay),
            (None, Some(client)) if reply.kind != ReplyKind::Nak => Target::Client(client),
            _ => Target::Link,
        }
    }

    /// The destination's address and port: always the well-known ones, whatever port is bound.
    #[must_use]
    pub(crate) fn address(self) -> SocketAddrV4 {
        match self {
            Target::Relay(relay) => SocketAddrV4::new(relay, dhcproto::v4::SERVER_PORT),
            Target::Client(client) => SocketAddrV4::new(client, dhcproto::v4::CLIENT_PORT),
            Target::Link => SocketAddrV4::new(Ipv4Addr::BROADCAST, dhcproto::v4::CLIENT_PORT),
        }
    }
}

impl Listener {
    /// Binds; port 0 takes any. Needs a tokio runtime.
    ///
    /// # Errors
    /// The system's: the port is taken, or may not be bound by this user.
    pub(crate) fn bind(address: SocketAddrV4) -> io::Result<Listener> {
        let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
        socket.set_reuse_address(true)?;
        socket.set_broadcast(true)?;
        // Beyond the system's limit only with the right to; a smaller buffer only loses packets earlier.
        if setsockopt(&socket, RcvBufForce, &RECEIVE_BUFFER).is_err() {
            let _less = socket.set_recv_buffer_size(RECEIVE_BUFFER);
        }
        setsockopt(&socket, Ipv4PacketInfo, &true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        Ok(Listener {
            socket: UdpSocket::from_std(socket.into())?,
        })
    }

    /// The bound address.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn local_addr(&self) -> io::Result<SocketAddrV4> {
        match self.socket.local_addr()? {
            SocketAddr::V4(address) => Ok(address),
            SocketAddr::V6(_) => Err(io::Error::other("the socket has no IPv4 address")),
        }
    }

    /// Waits for packets, and takes up to `limit` that are there.
    ///
    /// # Errors
    /// The system's.
    pub(crate) async fn receive(&self, limit: usize) -> io::Result<Vec<Datagram>> {
        let mut got = Vec::new();
        loop {
            self.socket.readable().await?;
            while got.len() < limit {
                match self.socket.try_io(Interest::READABLE, || take(&self.socket)) {
                    Ok(datagram) => got.push(datagram),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    // An ICMP answer to an earlier reply; the socket is as good as before.
                    Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
                    Err(error) => return Err(error),
                }
            }
            if !got.is_empty() {
                return Ok(got);
            }
        }
    }

    /// Sends a reply. A full send queue loses it, as the network may.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn send(&self, bytes: &[u8], target: Target, interface: u32) -> io::Result<()> {
        let mut info = libc::in_pktinfo {
            ipi_ifindex: 0,
            ipi_spec_dst: libc::in_addr { s_addr: 0 },
            ipi_addr: libc::in_addr { s_addr: 0 },
        };
        if target == Target::Link {
            info.ipi_ifindex = i32::try_from(interface).unwrap_or(0);
        }
        let control = [ControlMessage::Ipv4PacketInfo(&info)];
        let destination = SockaddrIn::from(target.address());
        let fd = self.socket.as_raw_fd();
        sendmsg(
            fd,
            &[IoSlice::new(bytes)],
            &control,
            MsgFlags::MSG_DONTWAIT,
            Some(&destination),
        )?;
        Ok(())
    }
}

fn take(socket: &UdpSocket) -> io::Result<Datagram> {
    let mut buffer = [0_u8; LARGEST];
    let mut control = nix::cmsg_space!(libc::in_pktinfo);
    let mut slices = [IoSliceMut::new(&mut buffer)];
    let received = recvmsg::<SockaddrIn>(
        socket.as_raw_fd(),
        &mut slices,
        Some(&mut control),
        MsgFlags::MSG_DONTWAIT,
    )?;
    let interface = received.cmsgs()?.find_map(|message| match message {
        ControlMessageOwned::Ipv4PacketInfo(info) => u32::try_from(info.ipi_ifindex).ok(),
        _ => None,
    });
    let len = received.bytes;
    Ok(Datagram {
        bytes: buffer.get(..len).unwrap_or_default().to_vec(),
        interface: interface.unwrap_or(0),
    })
}
