//! Configuration of the DHCP service.

use std::net::{IpAddr, Ipv4Addr};

/// Lease time when `lease-minutes` is zero.
pub const DEFAULT_LEASE_MINUTES: u64 = 60;

/// The lease time is an option of 32 bits in seconds, of which all ones mean for ever (RFC 2132, section 9.2).
const MAX_LEASE_MINUTES: u64 = (u32::MAX as u64 - 1) / 60;

record! {
    /// What DHCP tells its clients besides addresses.
    pub struct DhcpConfig {
        /// Lease time in minutes; 0 means [`DEFAULT_LEASE_MINUTES`].
        "lease-minutes" lease_minutes: u64,
        /// IPv4 addresses of DNS servers.
        "dns-servers" (omitempty) dns_servers: Vec<String>,
        /// Without meaning since schema 2; kept as stored.
        "gateway-offset" gateway_offset: u64,
    }
}

/// Why a DHCP configuration was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DhcpConfigError {
    /// A DNS server is not an IPv4 address.
    #[error("invalid IPv4 address in dns-servers: {0:?}")]
    DnsServer(String),
    /// The lease time does not fit the protocol's 32 bits of seconds.
    #[error("lease-minutes must be at most {MAX_LEASE_MINUTES}, not {0}")]
    LeaseMinutes(u64),
}

impl DhcpConfig {
    /// Checks the configuration.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn validate(&self) -> Result<(), DhcpConfigError> {
        if self.lease_minutes > MAX_LEASE_MINUTES {
            return Err(DhcpConfigError::LeaseMinutes(self.lease_minutes));
        }
        match self.dns_servers.iter().find(|s| parse_ipv4(s).is_none()) {
            Some(bad) => Err(DhcpConfigError::DnsServer(bad.clone())),
            None => Ok(()),
        }
    }

    /// Lease time in seconds; what does not fit (a stored value is not checked again) counts as the longest.
    #[must_use]
    pub fn lease_seconds(&self) -> u32 {
        let minutes = if self.lease_minutes == 0 {
            DEFAULT_LEASE_MINUTES
        } else {
            self.lease_minutes
        };
        u32::try_from(minutes.min(MAX_LEASE_MINUTES) * 60).unwrap_or(u32::MAX - 1)
    }

    /// The DNS servers as addresses; a stored one that is none is left out.
    #[must_use]
    pub fn dns_addresses(&self) -> Vec<Ipv4Addr> {
        self.dns_servers.iter().filter_map(|s| parse_ipv4(s)).collect()
    }
}

/// An IPv4 address, also in the IPv6 form that maps it.
fn parse_ipv4(text: &str) -> Option<Ipv4Addr> {
    match text.parse().ok()? {
        IpAddr::V4(v4) => Some(v4),
        IpAddr::V6(v6) => v6.to_ipv4_mapped(),
    }
}

#[cfg(test)]
mod tests;
