//! Pulling from peers over HTTPS, where both sides show a certificate.
//!
//! The files are read for each pull, so that new certificates need no restart.

use reqwest::{Certificate, Client, ClientBuilder, Identity, Url};
use std::path::{Path, PathBuf};

/// How peers are reached over HTTPS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerTls {
    /// The HTTPS port of every boot server.
    pub port: u16,
    /// CA certificates that peers' servers are checked against, PEM.
    pub ca: PathBuf,
    /// This server's certificate with its chain, PEM; it must be good for clients, too.
    pub certificate: PathBuf,
    /// Its key, PEM.
    pub key: PathBuf,
}

impl PeerTls {
    /// The same file on the peer's HTTPS port; none for what is no plain HTTP.
    pub(crate) fn secure(&self, url: &str) -> Option<String> {
        let mut url = Url::parse(url).ok().filter(|url| url.scheme() == "http")?;
        url.set_scheme("https").ok()?;
        url.set_port(Some(self.port)).ok()?;
        Some(url.into())
    }

    /// A client that trusts the peers' CA alone and shows this server's certificate.
    pub(crate) fn client(&self, builder: ClientBuilder) -> Result<Client, String> {
        let authorities = Certificate::from_pem_bundle(&read(&self.ca)?).map_err(|e| at(&self.ca, &e))?;
        let mut pem = read(&self.certificate)?;
        pem.push(b'\n');
        pem.extend(read(&self.key)?);
        let identity = Identity::from_pem(&pem).map_err(|e| at(&self.certificate, &e))?;
        let builder = builder.tls_certs_only(authorities).identity(identity).https_only(true);
        builder.build().map_err(|e| at(&self.certificate, &e))
    }
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| at(path, &error))
}

fn at(path: &Path, error: &dyn std::error::Error) -> String {
    format!("{}: {error}", path.display())
}
