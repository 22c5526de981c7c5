//! Vault's address and credentials, certificates of the authorities, and the key of service accounts.

use crate::value::{encode, text};
use crate::{Storage, StorageError, Stored, keys};
use cke_model::VaultConfig;
use cke_model::certificate::Authority;
use neco_etcd::{Guard, Response, Secret, Txn};

/// The certificate and key that sign tokens of service accounts. Where they are lost, every token dies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceAccount {
    /// In PEM.
    pub certificate: String,
    /// In PEM.
    pub key: Secret,
}

impl Storage {
    /// How Vault is reached.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn vault_config(&self) -> Result<Option<Stored<VaultConfig>>, StorageError> {
        self.get(keys::VAULT).await
    }

    /// Stores how Vault is reached; the leader takes it up at once.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn put_vault_config(&self, config: &VaultConfig) -> Result<(), StorageError> {
        self.put(keys::VAULT, encode(keys::VAULT, config)?).await
    }

    /// The certificate of an authority, in PEM.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn ca(&self, authority: Authority) -> Result<Option<String>, StorageError> {
        self.get_text(&ca_key(authority)).await
    }

    /// Stores the certificate of an authority.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn put_ca(&self, authority: Authority, pem: &str) -> Result<(), StorageError> {
        self.put(&ca_key(authority), pem).await
    }

    /// The key of service accounts; none where there is no whole pair.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn service_account(&self) -> Result<Option<ServiceAccount>, StorageError> {
        let txn = Txn::new()
            .get(keys::SERVICE_ACCOUNT_CERTIFICATE)
            .get(keys::SERVICE_ACCOUNT_KEY);
        let outcome = self
            .etcd
            .commit(txn)
            .await
            .map_err(StorageError::etcd(keys::SERVICE_ACCOUNT_KEY))?;
        let mut parts = Vec::new();
        for response in outcome.responses {
            if let Response::Kvs(kvs) = response {
                parts.extend(kvs.into_iter().map(text));
            }
        }
        let mut parts = parts.into_iter();
        let (Some(certificate), Some(key)) = (parts.next(), parts.next()) else {
            return Ok(None);
        };
        Ok(Some(ServiceAccount {
            certificate: certificate?,
            key: Secret::from(key?),
        }))
    }

    /// Stores the key of service accounts where there is no whole pair. False where there is one: it stays.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn create_service_account(&self, leader: &Guard, pair: &ServiceAccount) -> Result<bool, StorageError> {
        let (certificate, key) = (keys::SERVICE_ACCOUNT_CERTIFICATE, keys::SERVICE_ACCOUNT_KEY);
        let put = |txn: Txn| {
            txn.put(certificate, pair.certificate.as_str())
                .put(key, pair.key.expose())
        };
        if self.commit_as(leader, key, put(Txn::new().if_absent(key))).await? {
            return Ok(true);
        }
        // A key without its certificate is worth nothing.
        self.commit_as(leader, key, put(Txn::new().if_absent(certificate)))
            .await
    }
}

fn ca_key(authority: Authority) -> String {
    format!("{}{}", keys::CA, authority.as_str())
}
