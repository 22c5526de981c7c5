//! Where to listen.

use super::ConfigError;

/// A `host:port` to listen on. As in Go, an empty host is all addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listen {
    /// Name or address.
    pub host: String,
    /// The port; 0 lets the system choose.
    pub port: u16,
}

impl Listen {
    /// Reads `host:port`, `:port` and `[v6]:port`.
    ///
    /// # Errors
    /// [`ConfigError::Value`] under this key.
    pub fn parse(key: &'static str, text: &str) -> Result<Self, ConfigError> {
        let bad = || ConfigError::value(key, format_args!("`{text}` is not <host>:<port>"));
        let (host, port) = text.rsplit_once(':').ok_or_else(bad)?;
        let port = port.parse().map_err(|_not_a_port| bad())?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        if host.contains(':') && host.parse::<std::net::Ipv6Addr>().is_err() {
            return Err(bad());
        }
        Ok(Self {
            host: host.to_owned(),
            port,
        })
    }

    /// The addresses to try, in order; an empty host is `::`, which takes IPv4 as well.
    ///
    /// # Errors
    /// Where the host's name cannot be resolved.
    pub async fn resolve(&self) -> std::io::Result<Vec<std::net::SocketAddr>> {
        let host = if self.host.is_empty() { "::" } else { &self.host };
        Ok(tokio::net::lookup_host((host, self.port)).await?.collect())
    }
}

impl std::fmt::Display for Listen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}
