//! The key pair that signs tokens of service accounts: made once, and never again.

use cke_model::certificate::Certificate;
use neco_etcd::Guard;

use crate::{Error, Issuer, KeyPair};

impl Issuer {
    /// The stored key pair; where none is, one is made and stored for as long as `leader` holds.
    ///
    /// # Errors
    /// [`Error::LostLead`], [`Error::Vault`], [`Error::Store`].
    pub async fn ensure_service_account(&self, leader: Guard) -> Result<KeyPair, Error> {
        match self.store().service_account().await {
            Err(Error::NoServiceAccount) => {}
            other => return other,
        }
        let pair = self.issue(&Certificate::ServiceAccount).await?;
        if self.store().put_service_account(&pair, leader).await? {
            return Ok(pair);
        }
        self.store().service_account().await
    }
}
