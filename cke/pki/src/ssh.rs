//! The private keys with which CKE logs in to nodes.

use std::collections::BTreeMap;

use cke_model::vault::SSH_KEYS;
use neco_vault::{Secret, Vault};

use crate::{Error, Issuer};

/// All SSH keys: by address of the node, and under the empty name for all others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SshKeys(BTreeMap<String, Secret>);

impl SshKeys {
    /// The key of a node: its own, else the one for all.
    ///
    /// # Errors
    /// [`Error::NoSshKey`].
    pub fn of(&self, address: &str) -> Result<&Secret, Error> {
        let found = self.0.get(address).or_else(|| self.0.get(""));
        found.ok_or_else(|| Error::NoSshKey {
            address: address.to_owned(),
        })
    }

    /// All of them, with what they are for.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(host, key)| (host.as_str(), key.expose()))
    }

    /// Whether there is none at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Issuer {
    /// All SSH keys, as they are in Vault now.
    ///
    /// # Errors
    /// [`Error::Vault`].
    pub async fn ssh_keys(&self) -> Result<SshKeys, Error> {
        read(self.vault()).await.map(SshKeys)
    }

    /// Stores the key of a host; of all others where `host` is empty.
    ///
    /// # Errors
    /// [`Error::Vault`].
    pub async fn put_ssh_key(&self, host: &str, key: Secret) -> Result<(), Error> {
        let mut keys = read(self.vault()).await?;
        keys.insert(host.to_owned(), key);
        let written = self.vault().kv_write(SSH_KEYS, &keys).await;
        written.map_err(Error::vault("store an SSH key"))
    }
}

async fn read(vault: &Vault) -> Result<BTreeMap<String, Secret>, Error> {
    let found = vault.kv_read(SSH_KEYS).await;
    Ok(found.map_err(Error::vault("read the SSH keys"))?.unwrap_or_default())
}
