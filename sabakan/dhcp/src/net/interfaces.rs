//! The host's IPv4 addresses by interface.

use std::collections::HashMap;
use std::io;
use std::net::Ipv4Addr;

/// The addresses of one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Interfaces {
    first: HashMap<u32, Ipv4Addr>,
    all: Vec<Ipv4Addr>,
}

impl Interfaces {
    /// Reads them from the system.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn read() -> io::Result<Interfaces> {
        let mut found = Interfaces::default();
        for interface in nix::ifaddrs::getifaddrs()? {
            let address = interface
                .address
                .and_then(|address| address.as_sockaddr_in().map(|v4| v4.ip()));
            let Some(address) = address else { continue };
            let Ok(index) = nix::net::if_::if_nametoindex(interface.interface_name.as_str()) else {
                continue;
            };
            found.first.entry(index).or_insert(address);
            found.all.push(address);
        }
        Ok(found)
    }

    /// The first address of an interface: what option 54 says to clients behind it.
    #[must_use]
    pub(crate) fn first(&self, interface: u32) -> Option<Ipv4Addr> {
        self.first.get(&interface).copied()
    }

    /// All addresses.
    #[must_use]
    pub(crate) fn all(&self) -> &[Ipv4Addr] {
        &self.all
    }
}
