//! From the configuration file to CKE's etcd and to Vault.

use crate::settings::{self, Settings};
use anyhow::Context;
use cke_pki::Issuer;
use cke_storage::Storage;
use neco_etcd::Etcd;
use std::path::PathBuf;

/// How everything is reached. Nothing is connected to before it is asked for.
#[derive(Debug)]
pub(crate) struct Connection {
    config: PathBuf,
}

impl Connection {
    pub(crate) fn new(config: PathBuf) -> Self {
        Self { config }
    }

    /// What the configuration file says.
    pub(crate) fn settings(&self) -> anyhow::Result<Settings> {
        Ok(settings::load(&self.config)?)
    }

    /// CKE's state.
    pub(crate) async fn storage(&self) -> anyhow::Result<Storage> {
        Ok(Storage::new(Etcd::connect(&self.settings()?.etcd).await?))
    }

    /// Vault, as CKE itself.
    pub(crate) async fn issuer(&self) -> anyhow::Result<Issuer> {
        let storage = self.storage().await?;
        let stored = storage.vault_config().await?;
        let missing = "how to reach vault is not stored: run `ckecli vault init` or `ckecli vault config`";
        let vault = cke_pki::connect(&stored.context(missing)?.value).await?;
        Ok(Issuer::new(vault, storage))
    }
}
