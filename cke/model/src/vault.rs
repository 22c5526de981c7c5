//! How Vault is reached, stored under `vault`, and the names of what CKE keeps in it.

use crate::certificate::Authority;

record! {
    /// Address of Vault and the credentials of CKE's AppRole. Its secret must not be shown.
    pub struct VaultConfig {
        /// URL.
        "endpoint" endpoint: String,
        /// PEM certificate of the authority that the server's certificate is from; the system's where empty.
        "ca-cert" ca_cert: String,
        /// ID of the AppRole.
        "role-id" role_id: String,
        /// Secret of the AppRole.
        "secret-id" secret_id: String,
    }
}

/// Path of CKE's key-value engine.
pub const SECRETS: &str = "cke/secrets";

/// Path of the private SSH keys: a map of host names to PEM; the empty name is for all other hosts.
pub const SSH_KEYS: &str = "cke/secrets/ssh";

/// Path of the encryption keys for Secrets of Kubernetes.
pub const ENCRYPTION_KEYS: &str = "cke/secrets/k8s";

/// Name of CKE's AppRole and of its policy.
pub const APP_ROLE: &str = "cke";

impl Authority {
    /// All authorities, in the order in which they are made.
    pub const ALL: [Self; 6] = [
        Self::Server,
        Self::EtcdPeer,
        Self::EtcdClient,
        Self::Kubernetes,
        Self::KubernetesAggregation,
        Self::KubernetesWebhook,
    ];

    /// The name, also the last part of the key under `ca/`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::EtcdPeer => "etcd-peer",
            Self::EtcdClient => "etcd-client",
            Self::Kubernetes => "kubernetes",
            Self::KubernetesAggregation => "kubernetes-aggregation",
            Self::KubernetesWebhook => "kubernetes-webhook",
        }
    }

    /// The authority of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|a| a.as_str() == name)
    }

    /// Path of the authority's PKI engine in Vault.
    #[must_use]
    pub fn vault_path(self) -> String {
        format!("cke/ca-{}", self.as_str())
    }
}
