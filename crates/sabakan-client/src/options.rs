//! How to reach a server.

use crate::{Client, Error};
use reqwest::Url;
use std::sync::Arc;
use std::time::Duration;

/// A client certificate with its key, both as PEM.
#[derive(Clone)]
pub struct Identity {
    /// The certificate, with intermediate ones behind it.
    pub cert_pem: String,
    /// The private key.
    pub key_pem: String,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Identity(..)")
    }
}

/// The token of a boot, which a server may ask a machine for.
#[derive(Clone)]
pub struct BootToken(pub String);

impl std::fmt::Debug for BootToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BootToken(..)")
    }
}

/// How to reach a server.
#[derive(Debug, Clone)]
pub struct Options {
    /// URL of the server, like `http://localhost:10080`; a path in front of `/api/v1` is kept.
    pub server: String,
    /// Name that goes to the audit log; the name of the process's user when `None`.
    pub user: Option<String>,
    /// Certificates (PEM) that prove the server besides the system's.
    pub ca_pem: Option<String>,
    /// Certificate to show to the server.
    pub identity: Option<Identity>,
    /// For what moves secrets: trust no authority but `ca_pem` (none without it), take no proxy, follow no redirect.
    pub private: bool,
    /// Sent with each request.
    pub boot_token: Option<BootToken>,
    /// Accept any certificate. The connection is then private from nobody who can stand in between.
    pub insecure: bool,
    /// Longest time to connect.
    pub connect_timeout: Duration,
    /// Longest silence of the server while it answers. The whole of an upload may take as long as it moves.
    pub read_timeout: Duration,
}

impl Options {
    /// The defaults for a server.
    #[must_use]
    pub fn new(server: impl Into<String>) -> Self {
        Self {
            server: server.into(),
            user: None,
            ca_pem: None,
            identity: None,
            private: false,
            boot_token: None,
            insecure: false,
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(120),
        }
    }
}

impl Client {
    /// Makes a client; nothing is sent yet.
    ///
    /// # Errors
    /// When the URL or a certificate cannot be read.
    pub fn new(options: &Options) -> Result<Self, Error> {
        let bad_url = |reason: String| Error::Url {
            url: options.server.clone(),
            reason,
        };
        let base = Url::parse(&options.server).map_err(|e| bad_url(e.to_string()))?;
        if !matches!(base.scheme(), "http" | "https") || base.host_str().is_none_or(str::is_empty) {
            return Err(bad_url("it must begin with http:// or https:// and name a host".into()));
        }
        let user = options.user.clone().unwrap_or_else(current_user);
        let user = http::HeaderValue::from_bytes(user.as_bytes()).map_err(|_| Error::User(user))?;
        let http = builder(options, &base)?.build().map_err(Error::setup)?;
        Ok(Self {
            http,
            base,
            user,
            seen: Arc::default(),
            at_least: 0,
        })
    }
}

fn builder(options: &Options, base: &Url) -> Result<reqwest::ClientBuilder, Error> {
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("sabakan-client/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(options.connect_timeout)
        .read_timeout(options.read_timeout)
        .tls_danger_accept_invalid_certs(options.insecure);
    if options.private || is_local(base) {
        // A proxy cannot reach this host's loopback.
        builder = builder.no_proxy();
    }
    if options.private {
        builder = builder.redirect(reqwest::redirect::Policy::none());
    }
    if let Some(BootToken(token)) = &options.boot_token {
        builder = builder.default_headers(boot_token(token)?);
    }
    let pem = options.ca_pem.as_deref().unwrap_or_default();
    let certs = reqwest::Certificate::from_pem_bundle(pem.as_bytes()).map_err(Error::setup)?;
    if options.private || base.scheme() == "http" {
        // Reading the system's certificates takes longer than most calls, and fails in containers that have none.
        builder = builder.tls_certs_only(certs);
    } else if !certs.is_empty() {
        builder = builder.tls_certs_merge(certs);
    }
    if let Some(Identity { cert_pem, key_pem }) = &options.identity {
        let pem = format!("{cert_pem}\n{key_pem}");
        builder = builder.identity(reqwest::Identity::from_pem(pem.as_bytes()).map_err(Error::setup)?);
    }
    Ok(builder)
}

fn boot_token(token: &str) -> Result<http::HeaderMap, Error> {
    let mut value = http::HeaderValue::from_str(token).map_err(|_| Error::BootToken)?;
    value.set_sensitive(true);
    Ok(http::HeaderMap::from_iter([(
        http::HeaderName::from_static("x-sabakan-boot-token"),
        value,
    )]))
}

fn is_local(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// The name of the process's user, or its number when it has no name (as in many containers).
fn current_user() -> String {
    let uid = nix::unistd::getuid();
    match nix::unistd::User::from_uid(uid) {
        Ok(Some(user)) => user.name,
        Ok(None) | Err(_) => uid.to_string(),
    }
}
