//! What reaches outside, kept for as long as this server leads: Vault, connections to nodes, to the cluster's etcd and
//! to its API servers.
//!
//! All of it is made when it is first needed and made anew when what it depends on changes: Vault's configuration, SSH keys,
//! a certificate that is about to end.

use crate::failures::Failures;
use crate::host_keys::HostKeys;
use crate::integrate;
use crate::metrics::Metrics;
use crate::observe::{Recent, Since};
use crate::options::Settings;
use crate::report::Waits;
use cke_etcd::{Access, ClusterEtcd};
use cke_kubernetes::{BoxError, Identity, KeyPair as WebhookPair, Kubernetes, WebhookCertificates};
use cke_model::certificate::{Authority, Certificate};
use cke_node::{Credentials, Engine, HttpProbes, Options as EngineOptions};
use cke_pki::{Error as PkiError, Issuer};
use cke_storage::{Storage, StorageError};
use neco_etcd::Guard;
use neco_ssh::{Fleet, Keys, NodeAddress, Options};
use parking_lot::Mutex;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;
use zeroize::Zeroizing;

/// The life of CKE's own certificate for Kubernetes, and when it is replaced. As in the original.
const ADMIN_TTL: &str = "25h";
const ADMIN_KEPT: Duration = Duration::from_secs(24 * 3600);

/// How long a round waits for SSH keys where there are some of before: a Vault that hangs holds up nothing else.
const KEYS_PATIENCE: Duration = Duration::from_secs(5);

/// Why the hands are not ready. The loop says so and tries again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotReady {
    #[error("Vault is not configured: run `ckecli vault init` or `ckecli vault config`")]
    NoVault,
    #[error("Vault")]
    Vault(#[from] PkiError),
    #[error("etcd")]
    Storage(#[from] StorageError),
    #[error("the cluster's etcd")]
    Etcd(#[from] cke_etcd::Error),
    #[error("health probes")]
    Probes(#[from] cke_node::health::ProbeError),
    #[error("Kubernetes")]
    Kubernetes(#[from] cke_kubernetes::Error),
}

/// Everything that reaches outside.
pub(crate) struct Hands {
    storage: Storage,
    leader: Guard,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) host_keys: Arc<HostKeys>,
    pub(crate) engine: Engine<Fleet, HttpProbes>,
    issuer: Option<(i64, Issuer)>,
    /// For what runs beside the loop.
    shared_issuer: Arc<Mutex<Option<Issuer>>>,
    /// Whether SSH keys were read once.
    has_keys: bool,
    /// Since when CKE has its certificate for Kubernetes.
    admin_since: Option<Instant>,
    etcd: Option<Access>,
    kubernetes: Option<Kubernetes>,
    pub(crate) integration: integrate::Memory,
    pub(crate) recent: Recent,
    pub(crate) waits: Waits,
    pub(crate) failures: Failures,
    pub(crate) reboots_since: Since,
    pub(crate) repairs_since: Since,
}

impl Hands {
    pub(crate) fn new(
        storage: &Storage,
        settings: &Settings,
        metrics: Arc<Metrics>,
        leader: Guard,
    ) -> anyhow::Result<Self> {
        let host_keys = Arc::new(HostKeys::new(storage.clone(), leader.clone()));
        let options = Options {
            policy: settings.ssh_host_keys,
            ..Options::default()
        };
        let store: Arc<dyn neco_ssh::HostKeyStore> = Arc::clone(&host_keys) as _;
        let fleet = Fleet::new(options, Keys::default(), store);
        Ok(Self {
            storage: storage.clone(),
            leader,
            metrics,
            host_keys,
            engine: Engine::new(fleet, HttpProbes::new()?, EngineOptions::default()),
            issuer: None,
            shared_issuer: Arc::default(),
            has_keys: false,
            admin_since: None,
            etcd: None,
            kubernetes: None,
            integration: integrate::Memory::default(),
            recent: Recent::default(),
            waits: Waits::default(),
            failures: Failures::default(),
            reboots_since: Since::default(),
            repairs_since: Since::default(),
        })
    }

    /// Changes of Node objects, once Kubernetes is watched.
    pub(crate) fn changes(&self) -> Option<watch::Receiver<u64>> {
        self.kubernetes.as_ref().map(Kubernetes::changes)
    }

    /// Makes everything ready for a round with these nodes.
    pub(crate) async fn prepare(&mut self, nodes: HashSet<NodeAddress>) -> Result<(), NotReady> {
        self.connect_vault().await?;
        let issuer = self.issuer()?.clone();
        self.refresh_keys(&issuer).await?;
        self.engine.runner().retain(&nodes);
        issuer.ensure_service_account(&self.leader).await?;
        self.renew_admin(&issuer).await
    }

    async fn connect_vault(&mut self) -> Result<(), NotReady> {
        let stored = self.storage.vault_config().await?.ok_or(NotReady::NoVault)?;
        if self
            .issuer
            .as_ref()
            .is_some_and(|(revision, _)| *revision == stored.revision)
        {
            return Ok(());
        }
        let vault = cke_pki::connect(&stored.value).await?;
        tracing::info!(url = vault.url(), "connected to Vault");
        let issuer = Issuer::new(vault, self.storage.clone());
        *self.shared_issuer.lock() = Some(issuer.clone());
        self.etcd = Some(Access::new(issuer.clone()));
        self.issuer = Some((stored.revision, issuer));
        Ok(())
    }

    /// Takes the SSH keys as they are in Vault now. While Vault is away the last ones serve on: the cluster is still looked at, and what
    /// needs no certificate is done.
    async fn refresh_keys(&mut self, issuer: &Issuer) -> Result<(), NotReady> {
        let patience = if self.has_keys { KEYS_PATIENCE } else { Duration::MAX };
        let Ok(keys) = tokio::time::timeout(patience, issuer.ssh_keys()).await else {
            tracing::warn!("Vault does not answer; SSH keys of before are used");
            return Ok(());
        };
        match keys {
            Ok(keys) => {
                self.engine.runner().set_keys(Keys::parse(keys.iter()));
                self.has_keys = true;
            }
            Err(error) if self.has_keys => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "Vault is away; SSH keys of before are used"
                );
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// The issuer of certificates.
    pub(crate) fn issuer(&self) -> Result<&Issuer, NotReady> {
        self.issuer.as_ref().map(|(_, issuer)| issuer).ok_or(NotReady::NoVault)
    }

    async fn renew_admin(&mut self, issuer: &Issuer) -> Result<(), NotReady> {
        if self.admin_since.is_some_and(|since| since.elapsed() < ADMIN_KEPT) {
            return Ok(());
        }
        let pair = issuer.issue(&admin()).await?;
        let identity = Identity {
            ca_certificate: issuer.ca(Authority::Kubernetes).await?,
            certificate: pair.certificate,
            key: Zeroizing::new(pair.key.expose().to_owned()),
        };
        self.engine.probes().set_credentials(&Credentials {
            ca: identity.ca_certificate.clone(),
            certificate: identity.certificate.clone(),
            key: identity.key.clone(),
        })?;
        match &self.kubernetes {
            Some(kubernetes) => kubernetes.renew(&identity)?,
            None => self.kubernetes = Some(Kubernetes::new(&identity)?),
        }
        self.admin_since = Some(Instant::now());
        Ok(())
    }

    /// Shows what SSH did.
    pub(crate) fn tell_ssh(&self) {
        let counts = self.engine.runner().total();
        for (event, count) in [
            ("connection", counts.connections),
            ("handshake", counts.handshakes),
            ("command", counts.commands),
            ("failure", counts.failures),
            ("host-key-accepted", counts.host_keys_accepted),
            ("host-key-refused", counts.host_keys_refused),
        ] {
            self.metrics.own.ssh(event, count);
        }
    }

    /// The cluster's API servers.
    pub(crate) fn kubernetes(&self) -> Result<&Kubernetes, NotReady> {
        self.kubernetes.as_ref().ok_or(NotReady::NoVault)
    }

    /// The cluster's etcd by its members on these control planes.
    pub(crate) async fn etcd(&self, endpoints: Vec<String>) -> Result<ClusterEtcd, NotReady> {
        let access = self.etcd.as_ref().ok_or(NotReady::NoVault)?;
        Ok(access.etcd(endpoints).await?)
    }

    /// Lets Vault forget expired certificates from time to time, beside the loop.
    pub(crate) fn tidy_every(&self, interval: Duration) -> AbortOnDropHandle<()> {
        let issuer = Arc::clone(&self.shared_issuer);
        AbortOnDropHandle::new(tokio::spawn(async move {
            let mut ticks = tokio::time::interval(interval);
            ticks.tick().await;
            loop {
                ticks.tick().await;
                let issuer = issuer.lock().clone();
                if let Some(issuer) = issuer {
                    tidy(&issuer).await;
                }
            }
        }))
    }
}

/// Who CKE is for Kubernetes.
fn admin() -> Certificate {
    Certificate::User {
        user: "admin".to_owned(),
        group: "system:masters".to_owned(),
        ttl: ADMIN_TTL.to_owned(),
    }
}

async fn tidy(issuer: &Issuer) {
    for tidied in issuer.tidy().await {
        match tidied.outcome {
            Ok(_) => tracing::debug!(ca = tidied.authority.as_str(), "Vault forgets expired certificates"),
            Err(error) => tracing::warn!(
                ca = tidied.authority.as_str(),
                error = &error as &dyn std::error::Error,
                "Vault does not forget expired certificates"
            ),
        }
    }
}

/// The authority of webhooks, for resources that ask for it.
#[derive(Debug)]
pub(crate) struct Webhooks<'a>(pub(crate) &'a Issuer);

impl WebhookCertificates for Webhooks<'_> {
    async fn ca(&self) -> Result<String, BoxError> {
        Ok(self.0.ca(Authority::KubernetesWebhook).await?)
    }

    async fn issue(&self, namespace: &str, service: &str) -> Result<WebhookPair, BoxError> {
        let certificate = Certificate::Webhook {
            namespace: namespace.to_owned(),
            service: service.to_owned(),
        };
        let pair = self.0.issue(&certificate).await?;
        Ok(WebhookPair {
            certificate: pair.certificate,
            key: Zeroizing::new(pair.key.expose().to_owned()),
        })
    }
}
