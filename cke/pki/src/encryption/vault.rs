//! The keys as they lie in Vault.

use std::collections::BTreeMap;

use cke_model::vault::ENCRYPTION_KEYS;
use jiff::Timestamp;
use neco_vault::{Secret, Vault};

use super::{EncryptionKeys, KEY_BYTES, PROVIDER};
use crate::{Error, Issuer};

impl Issuer {
    /// The keys that encrypt Secrets.
    ///
    /// # Errors
    /// [`Error::NoEncryptionKey`], [`Error::EncryptionKey`], [`Error::Vault`].
    pub async fn encryption_keys(&self) -> Result<EncryptionKeys, Error> {
        let keys = parse(&read(self.vault()).await?)?;
        keys.filter(|k| !k.keys.is_empty()).ok_or(Error::NoEncryptionKey)
    }

    /// Makes a new key, which encrypts from the next restart of API servers on; the last one is kept to decrypt.
    ///
    /// # Errors
    /// [`Error::EncryptionKey`], [`Error::Vault`].
    pub async fn rotate_encryption_key(&self, now: Timestamp) -> Result<EncryptionKeys, Error> {
        rotate(self.vault(), now).await
    }
}

/// The same for whoever prepares Vault.
pub(crate) async fn rotate(vault: &Vault, now: Timestamp) -> Result<EncryptionKeys, Error> {
    let mut secret = read(vault).await?;
    let keys = parse(&secret)?.unwrap_or_default();
    let mut random = zeroize::Zeroizing::new([0_u8; KEY_BYTES]);
    rand::Rng::fill_bytes(&mut rand::rng(), random.as_mut_slice());
    let keys = keys.rotated(&random, now);
    let json = keys.to_json().map_err(Error::EncryptionKey)?;
    secret.insert(PROVIDER.to_owned(), json);
    let written = vault.kv_write(ENCRYPTION_KEYS, &secret).await;
    written.map_err(Error::vault("store the encryption keys"))?;
    Ok(keys)
}

/// Whether there is a secret at all.
pub(crate) async fn exist(vault: &Vault) -> Result<bool, Error> {
    Ok(!read(vault).await?.is_empty())
}

async fn read(vault: &Vault) -> Result<BTreeMap<String, Secret>, Error> {
    let found = vault.kv_read(ENCRYPTION_KEYS).await;
    Ok(found
        .map_err(Error::vault("read the encryption keys"))?
        .unwrap_or_default())
}

fn parse(secret: &BTreeMap<String, Secret>) -> Result<Option<EncryptionKeys>, Error> {
    let json = secret.get(PROVIDER);
    json.map(EncryptionKeys::parse)
        .transpose()
        .map_err(Error::EncryptionKey)
}
