//! What of CKE's etcd certificates need: the authorities' certificates, the key pair of service accounts, and how Vault is
//! reached.

use cke_model::VaultConfig;
use cke_model::certificate::Authority;
use gojson::to_go_json;
use neco_etcd::{Etcd, Guard, Txn};
use neco_vault::Secret;

use crate::settings::InvalidSettings;
use crate::{Error, KeyPair};

const SERVICE_ACCOUNT_CERTIFICATE: &str = "service-account/certificate";
const SERVICE_ACCOUNT_KEY: &str = "service-account/key";
const VAULT: &str = "vault";

/// CKE's etcd, with the prefix `/cke/`.
#[derive(Debug, Clone)]
pub struct Store {
    etcd: Etcd,
}

impl Store {
    /// Reads and writes with this client.
    #[must_use]
    pub fn new(etcd: Etcd) -> Store {
        Store { etcd }
    }

    /// The certificate of an authority, in PEM.
    ///
    /// # Errors
    /// [`Error::NoCa`] where none is stored, [`Error::Store`].
    pub async fn ca(&self, authority: Authority) -> Result<String, Error> {
        let stored = self.find_ca(authority).await?;
        stored.ok_or(Error::NoCa(authority))
    }

    /// The same, `None` where none is stored.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn find_ca(&self, authority: Authority) -> Result<Option<String>, Error> {
        self.text(&ca_key(authority)).await
    }

    /// Stores the certificate of an authority.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn put_ca(&self, authority: Authority, pem: &str) -> Result<(), Error> {
        let key = ca_key(authority);
        self.etcd.put(&key, pem).await.map_err(Error::store(key.as_str()))?;
        Ok(())
    }

    /// The key pair that signs tokens of service accounts.
    ///
    /// # Errors
    /// [`Error::NoServiceAccount`], [`Error::Store`].
    pub async fn service_account(&self) -> Result<KeyPair, Error> {
        let certificate = self.text(SERVICE_ACCOUNT_CERTIFICATE).await?;
        let key = self.text(SERVICE_ACCOUNT_KEY).await?;
        match (certificate, key) {
            (Some(certificate), Some(key)) => Ok(KeyPair {
                certificate,
                key: Secret::from(key),
            }),
            _ => Err(Error::NoServiceAccount),
        }
    }

    /// Stores the key pair of service accounts, where none is and the leader still leads. Gives whether it is ours that is
    /// stored now: a pair is never replaced, for with it every token would die.
    ///
    /// # Errors
    /// [`Error::LostLead`], [`Error::Store`].
    pub async fn put_service_account(&self, pair: &KeyPair, leader: Guard) -> Result<bool, Error> {
        let txn = Txn::new()
            .guard(leader)
            .if_absent(SERVICE_ACCOUNT_CERTIFICATE)
            .put(SERVICE_ACCOUNT_CERTIFICATE, pair.certificate.as_str())
            .put(SERVICE_ACCOUNT_KEY, pair.key.expose())
            .or_else_get(SERVICE_ACCOUNT_CERTIFICATE);
        let outcome = self
            .etcd
            .commit(txn)
            .await
            .map_err(Error::store(SERVICE_ACCOUNT_CERTIFICATE))?;
        if outcome.succeeded {
            return Ok(true);
        }
        match self.text(SERVICE_ACCOUNT_CERTIFICATE).await? {
            Some(_) => Ok(false),
            None => Err(Error::LostLead {
                key: SERVICE_ACCOUNT_CERTIFICATE.to_owned(),
            }),
        }
    }

    /// How Vault is reached; `None` where it is not stored.
    ///
    /// # Errors
    /// [`Error::Settings`], [`Error::Store`].
    pub async fn vault_config(&self) -> Result<Option<VaultConfig>, Error> {
        let Some(kv) = self.etcd.get(VAULT).await.map_err(Error::store(VAULT))? else {
            return Ok(None);
        };
        let read = gojson::decode_stored(&kv.value).map_err(|e| Error::Settings(InvalidSettings::Json(e)));
        read.map(Some)
    }

    /// Stores how Vault is reached.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn put_vault_config(&self, config: &VaultConfig) -> Result<(), Error> {
        let json = to_go_json(config).map_err(|e| Error::Settings(InvalidSettings::Json(e)))?;
        self.etcd.put(VAULT, json).await.map_err(Error::store(VAULT))?;
        Ok(())
    }

    async fn text(&self, key: &str) -> Result<Option<String>, Error> {
        let found = self.etcd.get(key).await.map_err(Error::store(key))?;
        Ok(found.map(|kv| String::from_utf8_lossy(&kv.value).into_owned()))
    }
}

fn ca_key(authority: Authority) -> String {
    format!("ca/{}", authority.as_str())
}
