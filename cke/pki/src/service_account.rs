//! The key pair that signs tokens of service accounts: made once, and never again.

use cke_model::certificate::Certificate;
use cke_storage::ServiceAccount;
use neco_etcd::Guard;

use crate::{Error, Issuer, KeyPair};

impl Issuer {
    /// The stored key pair.
    ///
    /// # Errors
    /// [`Error::NoServiceAccount`], [`Error::Storage`].
    pub async fn service_account(&self) -> Result<KeyPair, Error> {
        let stored = self.storage().service_account().await?;
        stored.map(KeyPair::from).ok_or(Error::NoServiceAccount)
    }

    /// The same; where none is stored, one is made and stored for as long as `leader` holds.
    ///
    /// # Errors
    /// [`Error::Vault`], [`Error::Storage`], also for a leadership that is lost.
    pub async fn ensure_service_account(&self, leader: &Guard) -> Result<KeyPair, Error> {
        match self.service_account().await {
            Err(Error::NoServiceAccount) => {}
            other => return other,
        }
        let pair = self.issue(&Certificate::ServiceAccount).await?;
        let stored = ServiceAccount {
            certificate: pair.certificate.clone(),
            key: pair.key.clone(),
        };
        if self.storage().create_service_account(leader, &stored).await? {
            return Ok(pair);
        }
        self.service_account().await
    }
}
