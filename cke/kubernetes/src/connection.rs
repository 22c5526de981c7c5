//! One kept connection to an API server: HTTP/2 over mutual TLS, watched by pings.
//!
//! kube's own client speaks HTTP/1.1, where every concurrent request and every watch opens a connection of its own. With
//! HTTP/2 all of them share one, and while it answers requests its watches are alive too.

use crate::error::{BoxError, Error};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use kube::client::middleware::BaseUriLayer;
use kube::client::{Body, ClientBuilder};
use rustls::crypto::aws_lc_rs;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use zeroize::Zeroizing;

#[cfg(test)]
mod tests;

/// Port of API servers.
pub const API_PORT: u16 = 6443;
/// How long one request may take. As in the original.
pub const REQUEST_LIMIT: Duration = Duration::from_secs(5);

const CONNECT_LIMIT: Duration = Duration::from_secs(3);
const PING_INTERVAL: Duration = Duration::from_secs(5);
const PING_LIMIT: Duration = Duration::from_secs(5);
/// Longer than any pause between two loops, so that none of them begins with a handshake.
const IDLE_LIMIT: Duration = Duration::from_secs(3600);

/// With what CKE shows who it is, and knows API servers. All in PEM.
#[derive(Clone)]
pub struct Identity {
    /// Certificate of the authority `kubernetes`.
    pub ca_certificate: String,
    /// A client certificate, like that of `RoleAdmin` in `system:masters`.
    pub certificate: String,
    /// Its key.
    pub key: Zeroizing<String>,
}

impl fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Identity").finish_non_exhaustive()
    }
}

impl Identity {
    /// What TLS needs to know.
    pub(crate) fn tls(&self) -> Result<rustls::ClientConfig, Error> {
        let mut roots = rustls::RootCertStore::empty();
        for certificate in certificates(&self.ca_certificate, "CA certificate")? {
            roots.add(certificate).map_err(|e| refused("CA certificate", e))?;
        }
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes()).map_err(|e| refused("key", e))?;
        rustls::ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|e| refused("TLS versions", e))?
            .with_root_certificates(roots)
            .with_client_auth_cert(certificates(&self.certificate, "client certificate")?, key)
            .map_err(|e| refused("client certificate", e))
    }
}

fn refused(place: &'static str, source: impl Into<BoxError>) -> Error {
    Error::Identity {
        place,
        source: source.into(),
    }
}

fn certificates(pem: &str, place: &'static str) -> Result<Vec<CertificateDer<'static>>, Error> {
    let all = CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|e| refused(place, e))?;
    if all.is_empty() {
        return Err(refused(place, "no certificate in it"));
    }
    Ok(all)
}

/// A client of one API server; nothing is connected yet.
pub(crate) fn client(tls: &rustls::ClientConfig, address: &str, port: u16) -> Result<kube::Client, Error> {
    let uri = base_uri(address, port).map_err(|source| Error::Address {
        address: address.to_owned(),
        source,
    })?;
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT_LIMIT));
    let connector = hyper_rustls::HttpsConnectorBuilder::new()
        .with_tls_config(tls.clone())
        .https_only()
        .enable_http2()
        .wrap_connector(tcp);
    let service = hyper_util::client::legacy::Client::builder(TokioExecutor::new())
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_LIMIT)
        // Known beforehand, so that requests that begin together wait for one connection instead of opening one each.
        .http2_only(true)
        .http2_adaptive_window(true)
        .http2_keep_alive_interval(PING_INTERVAL)
        .http2_keep_alive_timeout(PING_LIMIT)
        .http2_keep_alive_while_idle(true)
        .build::<_, Body>(connector);
    Ok(ClientBuilder::new(service, "default")
        .with_layer(&BaseUriLayer::new(uri))
        .build())
}

fn base_uri(address: &str, port: u16) -> Result<http::Uri, BoxError> {
    let host = match address.parse::<IpAddr>()? {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => format!("[{v6}]"),
    };
    Ok(format!("https://{host}:{port}/").parse()?)
}
