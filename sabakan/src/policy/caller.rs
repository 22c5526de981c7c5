//! What is known of who calls, as plain data.

use ipnet::IpNet;
use std::net::IpAddr;

/// Who a verified client certificate says the caller is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// An operator, by the name in the certificate.
    Operator(String),
    /// Another boot server.
    Peer,
    /// The machine of this serial.
    Machine(String),
}

/// The caller, as far as addresses, the inventory and its certificate tell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caller {
    /// It calls from this very host.
    pub local: bool,
    /// Its address is in `allow-ips`.
    pub allowed: bool,
    /// Its address is in `read-ips`.
    pub reader: bool,
    /// Its address is one of another boot server.
    pub peer: bool,
    /// The machine in the inventory that has this address.
    pub machine: Option<String>,
    /// The rack whose ranges hold this address.
    pub rack: Option<u64>,
    /// The address lies in the ranges of the rack of the machine that the path names, and is no other machine's own.
    pub in_rack_of_target: bool,
    /// The request carries a good token of the named machine's boot.
    pub boot_token: bool,
    /// What its certificate says.
    pub identity: Option<Identity>,
}

/// A list of networks such as `allow-ips` gives.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Networks(Vec<IpNet>);

/// An entry of a list of networks that is not one.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{entry}` is neither an address nor a network such as 10.0.0.0/8")]
pub struct BadNetwork {
    /// The entry as given.
    pub entry: String,
}

impl Networks {
    /// Reads addresses and networks. An address alone stands for itself: /32, or /128 where it is IPv6.
    ///
    /// # Errors
    /// [`BadNetwork`] names the first entry that is neither.
    pub fn parse<S: AsRef<str>>(entries: &[S]) -> Result<Self, BadNetwork> {
        entries
            .iter()
            .map(|entry| parse_network(entry.as_ref()))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Is the address in one of the networks? IPv4-mapped addresses count as IPv4.
    #[must_use]
    pub fn contains(&self, ip: IpAddr) -> bool {
        let ip = canonical(ip);
        self.0.iter().any(|net| net.contains(&ip))
    }
}

fn parse_network(entry: &str) -> Result<IpNet, BadNetwork> {
    let entry = entry.trim();
    let bad = || BadNetwork {
        entry: entry.to_owned(),
    };
    if entry.contains('/') {
        return entry.parse().map_err(|_error| bad());
    }
    entry
        .parse()
        .map(|ip| IpNet::from(canonical(ip)))
        .map_err(|_error| bad())
}

/// `::ffff:10.0.0.1` is `10.0.0.1`: a dual-stack socket shows IPv4 callers so.
#[must_use]
pub fn canonical(ip: IpAddr) -> IpAddr {
    ip.to_canonical()
}
