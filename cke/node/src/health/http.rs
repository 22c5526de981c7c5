//! Probes over HTTP and HTTPS.

use super::{Endpoint, Probes};
use parking_lot::RwLock;
use reqwest::{Certificate, Client, ClientBuilder, Identity, Response};
use std::error::Error as _;
use std::fmt;
use std::time::Duration;
use zeroize::Zeroizing;

/// How long one component may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a connection is kept without use: several rounds of a loop.
const IDLE: Duration = Duration::from_secs(300);

/// Longest answer that is read: healthy components say `ok`.
const LONGEST_ANSWER: usize = 64 << 10;

/// Why probes cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// The CA certificate of Kubernetes cannot be used.
    #[error("the CA certificate of Kubernetes is not usable")]
    Ca(#[source] reqwest::Error),
    /// The client certificate or its key cannot be used.
    #[error("the client certificate for API servers is not usable")]
    Identity(#[source] reqwest::Error),
    /// The HTTP client cannot be made.
    #[error("cannot make an HTTP client")]
    Client(#[source] reqwest::Error),
}

/// What is needed to ask components that speak TLS.
#[derive(Clone)]
pub struct Credentials {
    /// Certificate of the CA of Kubernetes, in PEM.
    pub ca: String,
    /// Certificate of an administrator, in PEM.
    pub certificate: String,
    /// Its key, in PEM.
    pub key: Zeroizing<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

/// Probes over kept connections. Before the first cluster there are no credentials: what speaks TLS is not healthy then.
#[derive(Debug)]
pub struct HttpProbes {
    plain: Client,
    secure: RwLock<Option<Secure>>,
}

/// Clients that trust the CA of Kubernetes. A component that verifies client certificates refuses one that it does not know
/// yet, even where it asks for none: only API servers are shown ours.
#[derive(Debug, Clone)]
struct Secure {
    nobody: Client,
    administrator: Client,
}

impl HttpProbes {
    /// Probes without credentials.
    ///
    /// # Errors
    /// [`ProbeError::Client`]
    pub fn new() -> Result<Self, ProbeError> {
        // A process has one provider; who comes second finds it there.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        Ok(Self {
            plain: client().build().map_err(ProbeError::Client)?,
            secure: RwLock::default(),
        })
    }

    /// Uses these from now on; connections of before are not used any more.
    ///
    /// # Errors
    /// [`ProbeError`], and nothing has changed then.
    pub fn set_credentials(&self, credentials: &Credentials) -> Result<(), ProbeError> {
        let ca = Certificate::from_pem(credentials.ca.as_bytes()).map_err(ProbeError::Ca)?;
        let pem = Zeroizing::new(format!("{}\n{}", credentials.certificate, *credentials.key));
        let identity = Identity::from_pem(pem.as_bytes()).map_err(ProbeError::Identity)?;
        let secure = || client().https_only(true).tls_certs_only([ca.clone()]);
        *self.secure.write() = Some(Secure {
            nobody: secure().build().map_err(ProbeError::Client)?,
            administrator: secure().identity(identity).build().map_err(ProbeError::Client)?,
        });
        Ok(())
    }

    fn client(&self, endpoint: Endpoint) -> Result<Client, String> {
        let secure = || {
            let secure = self.secure.read();
            secure.clone().ok_or_else(|| "no credentials yet".to_owned())
        };
        match endpoint {
            Endpoint::Proxy | Endpoint::Kubelet => Ok(self.plain.clone()),
            Endpoint::ControllerManager | Endpoint::Scheduler => Ok(secure()?.nobody),
            Endpoint::ApiServer => Ok(secure()?.administrator),
        }
    }
}

/// Nodes are asked directly, whatever proxy the environment names.
fn client() -> ClientBuilder {
    Client::builder()
        .no_proxy()
        .timeout(PATIENCE)
        .connect_timeout(PATIENCE)
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(1)
        .redirect(reqwest::redirect::Policy::none())
}

/// Where a component answers.
fn url(address: &str, endpoint: Endpoint) -> String {
    let host = if address.contains(':') {
        format!("[{address}]")
    } else {
        address.to_owned()
    };
    match endpoint {
        Endpoint::ApiServer => format!("https://{host}:6443/api/v1/namespaces?limit=1"),
        Endpoint::ControllerManager => format!("https://{host}:10257/healthz"),
        Endpoint::Scheduler => format!("https://{host}:10259/healthz"),
        Endpoint::Proxy => format!("http://{host}:10249/healthz"),
        Endpoint::Kubelet => format!("http://{host}:10248/healthz"),
    }
}

impl Probes for HttpProbes {
    async fn probe(&self, address: &str, endpoint: Endpoint) -> Result<(), String> {
        let client = self.client(endpoint)?;
        let response = client.get(url(address, endpoint)).send().await.map_err(|e| words(&e))?;
        judge(response, endpoint).await
    }
}

/// An API server is healthy when it serves the request; others when they say `ok`, whatever the status.
async fn judge(mut response: Response, endpoint: Endpoint) -> Result<(), String> {
    let status = response.status();
    // The answer is read to its end, or its connection would not be used again.
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|e| words(&e))? {
        body.extend_from_slice(&chunk);
        if body.len() > LONGEST_ANSWER {
            return Err(format!("it answers {status} with more than {LONGEST_ANSWER} bytes"));
        }
    }
    let healthy = match endpoint {
        Endpoint::ApiServer => status.is_success(),
        _ => body.trim_ascii() == b"ok",
    };
    if healthy {
        return Ok(());
    }
    let start: String = String::from_utf8_lossy(&body).chars().take(200).collect();
    Err(format!("it answers {status}: {}", start.trim()))
}

/// An error with its causes, in one line and without the URL.
fn words(error: &reqwest::Error) -> String {
    let mut words = if error.is_timeout() {
        "no answer in time".to_owned()
    } else {
        "cannot be asked".to_owned()
    };
    let mut cause = error.source();
    while let Some(error) = cause {
        words = format!("{words}: {error}");
        cause = error.source();
    }
    words
}
