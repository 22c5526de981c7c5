//! Credentials for people and programs outside of the cluster.

use cke_model::certificate::{Authority, Certificate};
use zeroize::Zeroizing;

use crate::kubeconfig::Kubeconfig;
use crate::{Error, Issuer};

/// Who wants a kubeconfig.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KubernetesUser {
    /// Name of the cluster.
    pub cluster: String,
    /// URL of the API server.
    pub server: String,
    /// Name of the user.
    pub user: String,
    /// Their group.
    pub group: String,
    /// How long the certificate is good, `2h`.
    pub ttl: String,
}

impl KubernetesUser {
    /// The name of a user who gives none.
    pub const DEFAULT_NAME: &'static str = "cke:user:admin";
    /// The group of administrators.
    pub const ADMINISTRATORS: &'static str = "system:masters";
    /// How long a certificate is good where nothing is said.
    pub const DEFAULT_TTL: &'static str = "2h";
}

impl Issuer {
    /// A kubeconfig with a new certificate inside.
    ///
    /// # Errors
    /// [`Error::NoCa`], [`Error::Vault`], [`Error::Storage`].
    pub async fn user_kubeconfig(&self, who: &KubernetesUser) -> Result<Zeroizing<String>, Error> {
        let certificate = Certificate::User {
            user: who.user.clone(),
            group: who.group.clone(),
            ttl: who.ttl.clone(),
        };
        let (ca, pair) = tokio::try_join!(self.ca(Authority::Kubernetes), self.issue(&certificate))?;
        let kubeconfig = Kubeconfig {
            cluster: &who.cluster,
            user: &who.user,
            server: &who.server,
            ca: &ca,
            pair: &pair,
        };
        Ok(kubeconfig.to_yaml())
    }
}
