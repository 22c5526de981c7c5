//! The client: connecting, and every request but watches.

pub(crate) mod attempt;
mod outage;
mod read;
mod write;

use std::sync::Arc;
use std::time::Duration;

use etcd_client::{Client, ConnectOptions};

use crate::auth::Authenticator;
use crate::channel::Failover;
use crate::cluster::Cluster;
use crate::config::{self, Config};
use crate::error::Error;
use outage::Outage;

/// A request is tried for this many times the configured time-out in all: a member that hangs costs one of them, and an
/// election of etcd's leader lasts one to two seconds.
const TIMEOUTS_PER_REQUEST: u32 = 3;

/// Each connect has waited already; this only keeps a refusing host from being hammered.
const PAUSE_BETWEEN_CONNECTS: Duration = Duration::from_millis(500);

/// A client of one etcd cluster, for the keys under one prefix. Cloning it is cheap and shares the connection.
#[derive(Clone)]
pub struct Etcd {
    shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) client: Client,
    pub(crate) channel: Failover,
    pub(crate) cluster: Cluster,
    pub(crate) auth: Authenticator,
    outage: Outage,
    pub(crate) prefix: String,
    pub(crate) timeout: Duration,
}

/// What a successful check of etcd's health shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// The URL of the member that answered.
    pub endpoint: String,
    /// The store's revision.
    pub revision: i64,
    /// Raft's term: it grows when a new leader was elected.
    pub term: u64,
    /// The ID of the member that answered.
    pub member: u64,
}

impl std::fmt::Debug for Etcd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Etcd")
            .field("prefix", &self.shared.prefix)
            .field("channel", &self.shared.channel)
            .finish_non_exhaustive()
    }
}

impl Etcd {
    /// Connects, authenticates when a user is configured, and makes sure that the prefix can be read.
    ///
    /// # Errors
    /// [`Error::Config`] for what can never work; [`Error::Unavailable`] or [`Error::Timeout`] when no member answers
    /// (worth trying again); [`Error::Auth`] or [`Error::PermissionDenied`].
    pub async fn connect(config: &Config) -> Result<Etcd, Error> {
        let etcd = Etcd::lazy(config).await?;
        etcd.health().await?;
        Ok(etcd)
    }

    /// Connects, and waits for as long as etcd is not available, with a word in the log.
    ///
    /// # Errors
    /// What waiting does not mend: [`Error::Config`], [`Error::Auth`], [`Error::PermissionDenied`].
    pub async fn connect_when_available(config: &Config) -> Result<Etcd, Error> {
        loop {
            match Etcd::connect(config).await {
                Err(error) if error.is_unavailable() => {
                    let cause = std::error::Error::source(&error).map(ToString::to_string);
                    tracing::warn!(%error, cause, endpoints = ?config.endpoints, "waiting for etcd");
                    tokio::time::sleep(PAUSE_BETWEEN_CONNECTS).await;
                }
                other => return other,
            }
        }
    }

    /// The same without asking etcd anything yet: the first request connects.
    ///
    /// # Errors
    /// [`Error::Config`].
    pub async fn lazy(config: &Config) -> Result<Etcd, Error> {
        install_crypto_provider();
        let channel = Failover::new(config::endpoints(config)?, start());
        // A member that has lost its leader must say so instead of letting a watch wait for ever.
        let options = ConnectOptions::new().with_require_leader(true);
        let client = Client::from_channel(channel.channel(), Some(options))
            .await
            .map_err(|e| Error::Unavailable {
                op: "connecting".to_owned(),
                source: e.into(),
            })?;
        Ok(Etcd {
            shared: Arc::new(Shared {
                client,
                channel,
                cluster: Cluster::default(),
                auth: Authenticator::new(config.user()),
                outage: Outage::default(),
                prefix: config.prefix.clone().unwrap_or_default(),
                timeout: config.timeout()?,
            }),
        })
    }

    /// What every key in etcd begins with.
    pub fn prefix(&self) -> &str {
        &self.shared.prefix
    }

    /// The time that one attempt of a request gets.
    pub fn timeout(&self) -> Duration {
        self.shared.timeout
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }
}

/// TLS needs one process-wide provider; a program that installed one already keeps it.
pub(crate) fn install_crypto_provider() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Losing a race against another thread is as good.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    }
}

/// Where among the members this process begins, so that a fleet of clients does not crowd on the first one.
fn start() -> usize {
    usize::try_from(std::process::id()).unwrap_or(0)
}
