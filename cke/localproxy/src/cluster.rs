//! What this host has to know of the cluster: which API servers answer, and the addresses of DNS services.

use cke_component::node_dns::unbound_conf_of_host;
use cke_kubernetes::{API_PORT, ApiServer, Identity, Kubernetes, REQUEST_LIMIT};
use cke_model::Cluster;
use cke_model::certificate::{Authority, Certificate};
use cke_model::names::kube::CLUSTER_DNS;
use cke_pki::Issuer;
use cke_storage::{Storage, StorageError};
use futures::future::join_all;
use k8s_openapi::api::core::v1::Service;
use kube::Api;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::time::timeout;
use zeroize::Zeroizing;

/// How long a connection to an API server may take.
const CONNECT: Duration = Duration::from_secs(5);

/// The life of this program's certificate, and when it is replaced.
const CERTIFICATE_TTL: &str = "25h";
const CERTIFICATE_KEPT: Duration = Duration::from_secs(24 * 3600);

/// Why something is not known of the cluster.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum Error {
    /// CKE's etcd.
    #[error("CKE's state in etcd")]
    Storage(#[from] StorageError),
    /// Nobody ran `ckecli vault`.
    #[error("Vault is not configured")]
    NoVault,
    /// Vault.
    #[error("certificates from Vault")]
    Certificates(#[from] cke_pki::Error),
    /// The API server.
    #[error("Kubernetes")]
    Kubernetes(#[from] cke_kubernetes::Error),
    /// The API server did not answer, or refused.
    #[error("cannot read the service {service}")]
    Read { service: String, source: kube::Error },
    /// The API server did not answer in time.
    #[error("cannot read the service {service} within {REQUEST_LIMIT:?}")]
    Late { service: String },
    /// It does not exist, or has no address yet.
    #[error("the service {0} has no address yet")]
    NoAddress(String),
}

/// The cluster, with what is kept between two looks.
#[derive(Debug)]
pub struct Access {
    storage: Storage,
    issuer: Option<(i64, Issuer)>,
    kubernetes: Option<(Instant, Kubernetes)>,
}

impl Access {
    /// Nothing is connected yet.
    #[must_use]
    pub fn new(storage: Storage) -> Access {
        Access {
            storage,
            issuer: None,
            kubernetes: None,
        }
    }

    /// The declared cluster, where there is one.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn cluster(&self) -> Result<Option<Cluster>, Error> {
        Ok(self.storage.cluster().await?.map(|stored| stored.value))
    }

    /// Who issues certificates, connected anew when the configuration of Vault changes.
    ///
    /// # Errors
    /// [`Error::NoVault`], [`Error::Certificates`], [`Error::Storage`].
    pub async fn issuer(&mut self) -> Result<Issuer, Error> {
        let stored = self.storage.vault_config().await?.ok_or(Error::NoVault)?;
        if let Some((revision, issuer)) = &self.issuer
            && *revision == stored.revision
        {
            return Ok(issuer.clone());
        }
        let issuer = Issuer::new(cke_pki::connect(&stored.value).await?, self.storage.clone());
        self.issuer = Some((stored.revision, issuer.clone()));
        Ok(issuer)
    }

    /// What unbound's configuration should be, by the first of these API servers that tells.
    ///
    /// # Errors
    /// What the last of them said.
    pub async fn unbound_conf(&mut self, cluster: &Cluster, api_servers: &[String]) -> Result<String, Error> {
        let kubernetes = self.kubernetes().await?;
        let mut last = Error::NoAddress(CLUSTER_DNS.to_owned());
        for address in api_servers {
            match wanted(&kubernetes.client(address)?, cluster).await {
                Ok(conf) => return Ok(conf),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn kubernetes(&mut self) -> Result<Kubernetes, Error> {
        if let Some((since, kubernetes)) = &self.kubernetes
            && since.elapsed() < CERTIFICATE_KEPT
        {
            return Ok(kubernetes.clone());
        }
        let issuer = self.issuer().await?;
        let who = Certificate::User {
            user: "admin".to_owned(),
            group: "system:masters".to_owned(),
            ttl: CERTIFICATE_TTL.to_owned(),
        };
        let (ca, pair) = tokio::try_join!(issuer.ca(Authority::Kubernetes), issuer.issue(&who))?;
        let identity = Identity {
            ca_certificate: ca,
            certificate: pair.certificate.clone(),
            key: Zeroizing::new(pair.key.expose().to_owned()),
        };
        let kubernetes = Kubernetes::new(&identity)?;
        self.kubernetes = Some((Instant::now(), kubernetes.clone()));
        Ok(kubernetes)
    }
}

/// Addresses of control planes whose API servers take connections, in the order of the cluster.
pub async fn api_servers(cluster: &Cluster) -> Vec<String> {
    let connects = cluster.control_planes().map(|node| async {
        let connected = timeout(CONNECT, TcpStream::connect((node.address.as_str(), API_PORT))).await;
        matches!(connected, Ok(Ok(_))).then(|| node.address.clone())
    });
    join_all(connects).await.into_iter().flatten().collect()
}

async fn wanted(server: &ApiServer, cluster: &Cluster) -> Result<String, Error> {
    let resolver = cluster_ip(server, "kube-system", CLUSTER_DNS).await?;
    let upstreams = match cluster.dns_service.split_once('/') {
        Some((namespace, name)) => vec![cluster_ip(server, namespace, name).await?],
        None => cluster.dns_servers.clone().unwrap_or_default(),
    };
    let domain = cke_component::kubelet::cluster_domain(&cluster.options.kubelet);
    Ok(unbound_conf_of_host(&resolver, &domain, &upstreams))
}

async fn cluster_ip(server: &ApiServer, namespace: &str, name: &str) -> Result<String, Error> {
    let service = || format!("{namespace}/{name}");
    let api = Api::<Service>::namespaced(server.raw(), namespace);
    let read = timeout(REQUEST_LIMIT, api.get_opt(name))
        .await
        .map_err(|_| Error::Late { service: service() })?;
    let found = read.map_err(|source| Error::Read {
        service: service(),
        source,
    })?;
    let address = found.and_then(|found| found.spec).and_then(|spec| spec.cluster_ip);
    address
        .filter(|address| !address.is_empty())
        .ok_or_else(|| Error::NoAddress(service()))
}
