//! The cluster's etcd for a program that runs for long: the certificate of `root` lives an hour.

use std::time::{Duration, Instant};

use cke_model::certificate::{Authority, Certificate};
use cke_pki::Issuer;
use tokio::sync::Mutex;

use crate::{ClusterEtcd, Error, RootCredentials};

/// Connections and certificate are made anew after half of the certificate's life.
const GOOD_FOR: Duration = Duration::from_secs(30 * 60);
/// While Vault gives none, it is asked no more often than this.
const TRY_AGAIN: Duration = Duration::from_secs(60);

/// Keeps connections to the cluster's etcd with a certificate that is good.
#[derive(Debug)]
pub struct Access {
    issuer: Issuer,
    kept: Mutex<Option<Kept>>,
}

#[derive(Debug)]
struct Kept {
    etcd: ClusterEtcd,
    renew_at: Instant,
}

impl Access {
    /// Certificates come from this issuer. Nothing is issued before it is asked for.
    #[must_use]
    pub fn new(issuer: Issuer) -> Access {
        Access {
            issuer,
            kept: Mutex::default(),
        }
    }

    /// The cluster's etcd by these end points. Connections that are there are used, also while Vault gives no certificate.
    ///
    /// # Errors
    /// [`Error::Credentials`].
    pub async fn etcd(&self, endpoints: Vec<String>) -> Result<ClusterEtcd, Error> {
        let mut kept = self.kept.lock().await;
        if let Some(kept) = kept.as_ref()
            && Instant::now() < kept.renew_at
        {
            return Ok(kept.etcd.for_endpoints(endpoints));
        }
        match root_credentials(&self.issuer).await {
            Ok(credentials) => {
                let etcd = ClusterEtcd::new(endpoints, credentials);
                *kept = Some(Kept::new(etcd.clone(), GOOD_FOR));
                Ok(etcd)
            }
            // Connections that stand outlive the certificate: etcd looks at it when they are made.
            Err(error) => match kept.take() {
                Some(old) => {
                    tracing::warn!(%error, "no new certificate for etcd's user root: connections that stand are used");
                    let etcd = old.etcd.for_endpoints(endpoints);
                    *kept = Some(Kept::new(old.etcd, TRY_AGAIN));
                    Ok(etcd)
                }
                None => Err(Error::Credentials(Box::new(error))),
            },
        }
    }
}

impl Kept {
    fn new(etcd: ClusterEtcd, good_for: Duration) -> Kept {
        Kept {
            etcd,
            renew_at: Instant::now() + good_for,
        }
    }
}

async fn root_credentials(issuer: &Issuer) -> Result<RootCredentials, cke_pki::Error> {
    let (server_ca, root) = tokio::try_join!(issuer.ca(Authority::Server), issuer.issue(&Certificate::EtcdRoot))?;
    Ok(RootCredentials {
        server_ca,
        certificate: root.certificate,
        key: root.key,
    })
}
