//! How a program says where its etcd is: the same YAML keys, defaults and meanings as Cybozu's etcdutil.
//!
//! ```yaml
//! endpoints: ["https://10.1.2.3:2379", "https://10.1.2.4:2379"]
//! prefix: /sabakan/
//! timeout: 2s
//! username: sabakan
//! password: secret
//! tls-ca-file: /etc/neco/etcd-ca.crt     # or tls-ca: an inline PEM block
//! tls-cert-file: /etc/neco/etcd.crt      # or tls-cert
//! tls-key-file: /etc/neco/etcd.key       # or tls-key
//! ```
//!
//! Where both a file and an inline block are given, the file wins, as in the original. Without a CA the system's
//! certificates decide whom an `https` endpoint may be.

mod duration;
mod flags;
mod tls;

#[cfg(test)]
mod tests;

pub use duration::{InvalidDuration, parse_go_duration};
pub use flags::EtcdArgs;
pub use neco_secret::Secret;

pub(crate) use tls::endpoints;

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The endpoint that is used when none is configured.
pub const DEFAULT_ENDPOINT: &str = "http://127.0.0.1:2379";

/// The time-out that is used when none is configured, as a Go duration.
pub const DEFAULT_TIMEOUT: &str = "2s";

/// Where etcd is and how to be let in. Unknown keys are refused.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// URLs of the members; one without a scheme is plain, or TLS when anything of TLS is configured.
    pub endpoints: Vec<String>,
    /// What every key begins with. `None` is "the program's own", see [`Config::with_default_prefix`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// The time given to a connection or to one attempt of a request, as a Go duration (`2s`).
    pub timeout: String,
    /// User to authenticate as; empty is none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub username: String,
    /// The user's password.
    #[serde(skip_serializing_if = "Secret::is_empty")]
    pub password: Secret,
    /// Path of the CA certificates that members are checked against.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub tls_ca_file: String,
    /// The same as a PEM block; a value that is no PEM block is taken as a path.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub tls_ca: String,
    /// Path of the client's certificate.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub tls_cert_file: String,
    /// The same as a PEM block.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub tls_cert: String,
    /// Path of the client's private key.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub tls_key_file: String,
    /// The same as a PEM block.
    #[serde(skip_serializing_if = "Secret::is_empty")]
    pub tls_key: Secret,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            endpoints: vec![DEFAULT_ENDPOINT.to_owned()],
            prefix: None,
            timeout: DEFAULT_TIMEOUT.to_owned(),
            username: String::new(),
            password: Secret::default(),
            tls_ca_file: String::new(),
            tls_ca: String::new(),
            tls_cert_file: String::new(),
            tls_cert: String::new(),
            tls_key_file: String::new(),
            tls_key: Secret::default(),
        }
    }
}

impl Config {
    /// The defaults, with `prefix` before every key.
    pub fn new(prefix: &str) -> Config {
        Config::default().with_default_prefix(prefix)
    }

    /// Sets the prefix unless one is configured already (an empty one counts as configured).
    #[must_use]
    pub fn with_default_prefix(mut self, prefix: &str) -> Config {
        self.prefix.get_or_insert_with(|| prefix.to_owned());
        self
    }

    /// The configured time-out.
    ///
    /// # Errors
    /// When it is no Go duration, or not above zero.
    pub fn timeout(&self) -> Result<Duration, ConfigError> {
        let timeout = parse_go_duration(&self.timeout).map_err(ConfigError::Timeout)?;
        if timeout.is_zero() {
            return Err(ConfigError::ZeroTimeout);
        }
        Ok(timeout)
    }

    /// User and password, when a user is configured.
    pub(crate) fn user(&self) -> Option<(String, String)> {
        (!self.username.is_empty()).then(|| (self.username.clone(), self.password.expose().to_owned()))
    }
}

/// What is wrong with a configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// `endpoints` is empty.
    #[error("endpoints: no endpoints")]
    NoEndpoints,
    /// An endpoint is no URL that etcd can be reached by.
    #[error("endpoints: {endpoint:?}: {reason}")]
    Endpoint {
        /// The endpoint as configured.
        endpoint: String,
        /// What is wrong with it.
        reason: String,
    },
    /// `timeout` does not parse.
    #[error("timeout")]
    Timeout(#[source] InvalidDuration),
    /// `timeout` is zero.
    #[error("timeout: must be above zero")]
    ZeroTimeout,
    /// A file named in the configuration cannot be read.
    #[error("{key}: cannot read {path}")]
    File {
        /// The configuration key.
        key: &'static str,
        /// The path it names.
        path: String,
        /// Why it cannot be read.
        #[source]
        source: std::io::Error,
    },
    /// A PEM block holds nothing of the kind that it should.
    #[error("{key}: no {what} in it")]
    Pem {
        /// The configuration key.
        key: &'static str,
        /// What was looked for.
        what: &'static str,
    },
    /// Only one of certificate and key is given.
    #[error("tls-cert and tls-key: both are needed, only one is given")]
    HalfAnIdentity,
    /// The TLS library refuses what is configured.
    #[error("TLS for {endpoint}")]
    Tls {
        /// The endpoint it was for.
        endpoint: String,
        /// What the library says.
        #[source]
        source: tonic::transport::Error,
    },
}
