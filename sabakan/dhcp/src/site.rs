//! What the configuration says, in the form that a decision needs.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use jiff::SignedDuration;
use sabakan_model::{IpamConfig, SiteConfig};

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
    /// The configuration, once both halves are there and the pool can be read.
    #[must_use]
    pub fn new(config: &SiteConfig) -> Option<Site> {
        let dhcp = config.dhcp.as_ref()?;
        let layout = layout(config.ipam.as_ref()?)?;
        Some(Site {
            layout,
            dns: dhcp.dns_addresses(),
            lease_seconds: dhcp.lease_seconds(),
        })
    }

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
    /// The URLs under a server's public URLs, whose paths, if they have any, are replaced: one for firmware, which may boot by
    /// HTTPS, and one for iPXE.
    #[must_use]
    pub fn under(firmware: &str, ipxe: &str) -> BootUrls {
        BootUrls {
            ipxe_efi: format!("{}/api/v1/boot/ipxe.efi", root_of(firmware)),
            script: format!("{}/api/v1/boot/coreos/ipxe", root_of(ipxe)),
        }
    }
}

fn root_of(url: &str) -> &str {
    url.find("://").map_or(url, |scheme| {
        let host = scheme + 3;
        let end = url[host..].find(['/', '?', '#']);
        &url[..end.map_or(url.len(), |slash| host + slash)]
    })
}

/// The ranges of a configuration; one that cannot be read has none.
fn layout(ipam: &IpamConfig) -> Option<Layout> {
    let pool: Ipv4Net = ipam.node_ipv4_pool.parse().ok()?;
    let offset: Ipv4Addr = match ipam.node_ipv4_offset.as_str() {
        "" => Ipv4Addr::UNSPECIFIED,
        offset => offset.parse().ok()?,
    };
    let range_offset = ipam
        .node_index_offset
        .checked_add(ipam.max_nodes_in_rack)?
        .checked_add(1)?;
    Some(Layout {
        base: u32::from(pool.network()).checked_add(u32::from(offset))?,
        last: u32::from(pool.broadcast()),
        block_bits: u32::try_from(ipam.node_ipv4_range_size).ok()?,
        range_offset: u32::try_from(range_offset).ok()?,
        mask: u8::try_from(ipam.node_ipv4_range_mask).ok()?,
        gateway_offset: u32::try_from(ipam.node_gateway_offset).ok()?,
    })
}
