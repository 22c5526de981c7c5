//! The cluster's etcd for a program that runs for long: the certificate of `root` lives an hour.

use std::time::{Duration, Instant};

use cke_model::certificate::{Authority, Certificate};
use cke_pki::Issuer;
use tokio::sync::Mutex;

use crate::{ClusterEtcd, Error, RootCredentials};

/// Connections and certificate are made anew after half of the certificate's life.
const GOOD_FOR: Duration = Duration::from_secs(30 * 60);

/// Keeps connections to the cluster's etcd with a certificate that is good.
#[derive(Debug)]
pub struct Access {
    issuer: Issuer,
    kept: Mutex<Option<(Instant, ClusterEtcd)>>,
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

    /// The cluster's etcd by these end points. Connections that are there are used.
    ///
    /// # Errors
    /// [`Error::Credentials`].
    pub async fn etcd(&self, endpoints: Vec<String>) -> Result<ClusterEtcd, Error> {
        let mut kept = self.kept.lock().await;
        if let Some((made, etcd)) = kept.as_ref()
            && made.elapsed() < GOOD_FOR
        {
            return Ok(if etcd.endpoints() == endpoints {
                etcd.clone()
            } else {
                etcd.at(endpoints)
            });
        }
        let credentials = root_credentials(&self.issuer).await;
        let etcd = ClusterEtcd::new(endpoints, credentials.map_err(|e| Error::Credentials(Box::new(e)))?);
        *kept = Some((Instant::now(), etcd.clone()));
        Ok(etcd)
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
