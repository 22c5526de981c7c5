//! What the configuration says, in the form that a decision needs.

use std::net::Ipv4Addr;

use jiff::SignedDuration;

use crate::layout::Layout;
use crate::reply::NetworkOptions;

/// The configuration of one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// The pool and its ranges.
    pub layout: Layout,
    /// Option 6.
    pub dns: Vec<Ipv4Addr>,
    /// Option 51, in seconds.
    pub lease_seconds: u32,
}

impl Site {
    /// The lease time.
    #[must_use]
    pub fn lease(&self) -> SignedDuration {
        SignedDuration::from_secs(i64::from(self.lease_seconds))
    }

    /// The options about the network of an address.
    #[must_use]
    pub fn network(&self, address: Ipv4Addr) -> NetworkOptions {
        NetworkOptions {
            mask: self.layout.mask,
            router: self.layout.gateway(address),
            dns: self.dns.clone(),
        }
    }
}

/// The URLs that firmware and iPXE are sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BootUrls {
    /// For UEFI HTTP boot: the iPXE program.
    pub ipxe_efi: String,
    /// For iPXE: the boot script.
    pub script: String,
}

impl BootUrls {
    /// The URLs under a server's public URL, whose path, if it has one, is replaced.
    #[must_use]
    pub fn under(advertise: &str) -> BootUrls {
        let root = advertise.find("://").map_or(advertise, |scheme| {
            let host = scheme + 3;
            let end = advertise[host..]
                .find(['/', '?', '#'])
                .map_or(advertise.len(), |slash| host + slash);
            &advertise[..end]
        });
        BootUrls {
            ipxe_efi: format!("{root}/api/v1/boot/ipxe.efi"),
            script: format!("{root}/api/v1/boot/coreos/ipxe"),
        }
    }
}
