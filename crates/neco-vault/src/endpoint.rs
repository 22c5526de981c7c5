//! Where a server is and how its certificate is checked.

use std::time::Duration;

use reqwest::Url;

use crate::Error;

/// Issuing a certificate makes a key: a busy server takes seconds.
const TIMEOUT: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A server of Vault's API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// URL, `https://host:8200`.
    pub url: String,
    /// Certificates in PEM that the server's must be from, and no others; the system's where empty.
    pub ca_pem: String,
    /// The time that one request gets.
    pub timeout: Duration,
}

impl Endpoint {
    /// A server that the system's certificates vouch for.
    #[must_use]
    pub fn new(url: &str) -> Endpoint {
        Endpoint {
            url: url.to_owned(),
            ca_pem: String::new(),
            timeout: TIMEOUT,
        }
    }

    /// The same, checked against these certificates alone.
    #[must_use]
    pub fn with_ca(mut self, pem: &str) -> Endpoint {
        pem.clone_into(&mut self.ca_pem);
        self
    }

    /// The same with another limit for one request.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Endpoint {
        self.timeout = timeout;
        self
    }

    /// Whether the URL can be one of a server.
    ///
    /// # Errors
    /// [`Error::Url`].
    pub fn check(&self) -> Result<(), Error> {
        self.base().map(|_| ())
    }

    /// The URL under which all paths of the API lie, and a client for it.
    pub(crate) fn client(&self) -> Result<(Url, reqwest::Client), Error> {
        install_crypto_provider();
        let mut builder = reqwest::Client::builder()
            .timeout(self.timeout)
            .connect_timeout(CONNECT_TIMEOUT.min(self.timeout));
        if !self.ca_pem.is_empty() {
            let certificates = reqwest::Certificate::from_pem_bundle(self.ca_pem.as_bytes()).map_err(Error::Ca)?;
            if certificates.is_empty() {
                return Err(Error::NoCa);
            }
            builder = builder.tls_certs_only(certificates);
        }
        Ok((self.base()?, builder.build().map_err(Error::Ca)?))
    }

    fn base(&self) -> Result<Url, Error> {
        let refuse = |reason: String| Error::Url {
            url: self.url.clone(),
            reason,
        };
        let url = Url::parse(&self.url).map_err(|e| refuse(e.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(refuse("the scheme is neither http nor https".to_owned()));
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.join(&format!("{path}/v1/")).map_err(|e| refuse(e.to_string()))
    }
}

/// TLS needs one process-wide provider; a program that installed one already keeps it.
fn install_crypto_provider() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Losing a race against another thread is as good.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    }
}
