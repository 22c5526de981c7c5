//! From a configuration to endpoints that can be dialled: schemes, time-outs, keep-alives and TLS.

use std::time::Duration;

use tonic::transport::{Certificate, ClientTlsConfig, Endpoint, Identity};

use super::{Config, ConfigError};

/// Go's etcd client pings this often; etcd cuts clients that ping more often than every 5 s.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// One endpoint for each URL of the configuration, none of them connected yet.
pub(crate) fn endpoints(config: &Config) -> Result<Vec<Endpoint>, ConfigError> {
    if config.endpoints.is_empty() {
        return Err(ConfigError::NoEndpoints);
    }
    let timeout = config.timeout()?;
    let tls = tls_material(config)?;
    config
        .endpoints
        .iter()
        .map(|url| endpoint(url, tls.as_ref(), timeout))
        .collect()
}

fn endpoint(given: &str, tls: Option<&ClientTlsConfig>, timeout: Duration) -> Result<Endpoint, ConfigError> {
    let url = with_scheme(given, tls.is_some())?;
    let invalid = |reason: String| ConfigError::Endpoint {
        endpoint: given.to_owned(),
        reason,
    };
    let uri: http::Uri = url.parse().map_err(|e: http::uri::InvalidUri| invalid(e.to_string()))?;
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    if host.is_empty() {
        return Err(invalid("it names no host".to_owned()));
    }
    let endpoint = Endpoint::new(url.clone())
        .map_err(|e| invalid(e.to_string()))?
        .connect_timeout(timeout)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(timeout * 2)
        .keep_alive_while_idle(true);
    if uri.scheme_str() != Some("https") {
        return Ok(endpoint);
    }
    let tls = tls
        .cloned()
        .unwrap_or_else(|| ClientTlsConfig::new().with_native_roots());
    endpoint
        .tls_config(tls.domain_name(host))
        .map_err(|source| ConfigError::Tls {
            endpoint: given.to_owned(),
            source,
        })
}

/// The URL with a scheme, as Go's client chooses it.
fn with_scheme(given: &str, tls: bool) -> Result<String, ConfigError> {
    match given.split_once("://") {
        Some(("http" | "https", _)) => Ok(given.to_owned()),
        Some((scheme, _)) => Err(ConfigError::Endpoint {
            endpoint: given.to_owned(),
            reason: format!("the scheme {scheme:?} is neither http nor https"),
        }),
        None if tls => Ok(format!("https://{given}")),
        None => Ok(format!("http://{given}")),
    }
}

/// CA and identity of the configuration; `None` when it has neither.
fn tls_material(config: &Config) -> Result<Option<ClientTlsConfig>, ConfigError> {
    let ca = pem("tls-ca", &config.tls_ca_file, &config.tls_ca, "CERTIFICATE")?;
    let cert = pem("tls-cert", &config.tls_cert_file, &config.tls_cert, "CERTIFICATE")?;
    let key = pem("tls-key", &config.tls_key_file, config.tls_key.expose(), "PRIVATE KEY")?;
    let identity = match (cert, key) {
        (Some(cert), Some(key)) => Some(Identity::from_pem(cert, key)),
        (None, None) => None,
        _ => return Err(ConfigError::HalfAnIdentity),
    };
    if ca.is_none() && identity.is_none() {
        return Ok(None);
    }
    let tls = match ca {
        Some(ca) => ClientTlsConfig::new().ca_certificate(Certificate::from_pem(ca)),
        None => ClientTlsConfig::new().with_native_roots(),
    };
    Ok(Some(match identity {
        Some(identity) => tls.identity(identity),
        None => tls,
    }))
}

/// The PEM text that a pair of keys (file, inline) gives; `None` when both are empty.
fn pem(key: &'static str, file: &str, inline: &str, what: &'static str) -> Result<Option<String>, ConfigError> {
    let is_block = inline.contains("-----BEGIN");
    let text = match (file, inline) {
        ("", "") => return Ok(None),
        ("", inline) if is_block => inline.to_owned(),
        ("", path) | (path, _) => std::fs::read_to_string(path).map_err(|source| ConfigError::File {
            key,
            path: path.to_owned(),
            source,
        })?,
    };
    // "EC PRIVATE KEY" and "RSA PRIVATE KEY" are keys too.
    if !text.lines().any(|l| l.starts_with("-----BEGIN ") && l.contains(what)) {
        return Err(ConfigError::Pem { key, what });
    }
    Ok(Some(text))
}
