//! TLS for servers: certificates that are read again when their files change, and client certificates that say who
//! calls.
//!
//! A connection that is open keeps the certificate that it began with; new ones get the new one. Files that cannot be
//! used leave the old ones in place, with a line in the log.

mod files;
mod finite_field;
mod identity;
mod resolver;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls_pki_types::CertificateDer;
use tokio_util::sync::CancellationToken;

use crate::lifecycle::Lifecycle;

pub use identity::PeerIdentity;

/// How often the files are looked at. A SIGHUP looks at once.
const INTERVAL: Duration = Duration::from_secs(10);

/// What can be wrong with the files.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read, or is no PEM.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: rustls_pki_types::pem::Error,
    },
    /// A file holds no certificate.
    #[error("{0} holds no certificate")]
    Empty(PathBuf),
    /// Certificate and key do not fit, or the key is of an unknown kind.
    #[error("cannot use the certificate {certificate} with the key {key}")]
    Pair {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// Why not.
        #[source]
        source: rustls::Error,
    },
    /// CA certificates cannot be used.
    #[error("cannot use the CA certificates in {path}: {reason}")]
    Authority {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The protocol library refuses the configuration.
    #[error("TLS cannot be set up")]
    Protocol(#[source] rustls::Error),
}

/// A CA whose certificates clients may show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientAuthority {
    /// What its clients are called: `operator`, `peer`, `machine`.
    pub name: String,
    /// The file of its certificates.
    pub file: PathBuf,
}

/// How keys may be agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeyExchange {
    /// As the TLS library does by itself: elliptic curves.
    #[default]
    Curves,
    /// Over a finite field, too, with clients that know no curves: UEFI firmware. It needs an RSA certificate.
    FiniteField,
}

/// The TLS side of a server.
#[derive(Debug, Clone)]
pub struct ServerTls {
    config: Arc<ServerConfig>,
    certificate: Arc<resolver::Certificate>,
    clients: Arc<identity::Clients>,
}

impl KeyExchange {
    fn provider(self) -> rustls::crypto::CryptoProvider {
        match self {
            KeyExchange::Curves => rustls::crypto::aws_lc_rs::default_provider(),
            KeyExchange::FiniteField => finite_field::provider(),
        }
    }
}

impl ServerTls {
    /// Reads the files. Clients need no certificate; those who show one must have it from one of `authorities`.
    ///
    /// # Errors
    /// See [`TlsError`].
    pub fn load(
        certificate: impl Into<PathBuf>,
        key: impl Into<PathBuf>,
        authorities: Vec<ClientAuthority>,
    ) -> Result<ServerTls, TlsError> {
        ServerTls::load_with(KeyExchange::Curves, certificate, key, authorities)
    }

    /// The same with a choice of key exchanges.
    ///
    /// # Errors
    /// See [`TlsError`].
    pub fn load_with(
        exchange: KeyExchange,
        certificate: impl Into<PathBuf>,
        key: impl Into<PathBuf>,
        authorities: Vec<ClientAuthority>,
    ) -> Result<ServerTls, TlsError> {
        crate::install_crypto_provider();
        let certificate = Arc::new(resolver::Certificate::load(certificate.into(), key.into())?);
        let clients = Arc::new(identity::Clients::load(authorities)?);
        let builder = ServerConfig::builder_with_provider(Arc::new(exchange.provider()));
        let builder = builder
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Protocol)?;
        let builder = if clients.is_empty() {
            builder.with_no_client_auth()
        } else {
            builder.with_client_cert_verifier(Arc::clone(&clients) as _)
        };
        let mut config = builder.with_cert_resolver(Arc::clone(&certificate) as _);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        // A resumed session would skip the question whether the client's CA still counts.
        if !clients.is_empty() {
            config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
            config.send_tls13_tickets = 0;
        }
        // Firmware lists what it knows, not what is best.
        config.ignore_client_order = exchange == KeyExchange::FiniteField;
        if exchange == KeyExchange::FiniteField {
            certificate.warn_without_rsa();
        }
        Ok(ServerTls {
            config: Arc::new(config),
            certificate,
            clients,
        })
    }

    /// For `tokio_rustls::TlsAcceptor`; it follows the files.
    pub fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }

    /// Who a client is by the certificates that it showed (`peer_certificates` of the connection).
    pub fn identity(&self, shown: &[CertificateDer<'_>]) -> Option<PeerIdentity> {
        self.clients.identity(shown)
    }

    /// Reads files that changed since they were last read; says whether any did. Trouble is logged and changes nothing.
    pub fn reload_if_changed(&self) -> bool {
        let certificate = self.certificate.reload_if_changed();
        let clients = self.clients.reload_if_changed();
        certificate || clients
    }

    /// Looks at the files every 10 seconds and at each SIGHUP, until draining begins.
    pub async fn follow_files(self, lifecycle: Lifecycle) {
        let drain: CancellationToken = lifecycle.drain();
        loop {
            tokio::select! {
                () = drain.cancelled() => return,
                () = lifecycle.reloads() => {}
                () = tokio::time::sleep(INTERVAL) => {}
            }
            self.reload_if_changed();
        }
    }
}
