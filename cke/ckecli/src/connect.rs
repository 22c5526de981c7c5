//! From the configuration file to CKE's etcd and to Vault.

use anyhow::Context;
use cke_pki::Issuer;
use cke_storage::{PREFIX, Storage};
use neco_daemon::config::{Unknown, load};
use neco_etcd::{Config, Etcd};
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

    /// CKE's etcd.
    pub(crate) async fn etcd(&self) -> anyhow::Result<Etcd> {
        let config: Config = load(&self.config, Unknown::Refuse)?;
        Ok(Etcd::connect(&config.with_default_prefix(PREFIX)).await?)
    }

    /// CKE's state.
    pub(crate) async fn storage(&self) -> anyhow::Result<Storage> {
        Ok(Storage::new(self.etcd().await?))
    }

    /// Vault, as CKE itself.
    pub(crate) async fn issuer(&self) -> anyhow::Result<Issuer> {
        let storage = self.storage().await?;
        let stored = storage.vault_config().await?;
        let config =
            stored.context("how to reach vault is not stored: run `ckecli vault init` or `ckecli vault config`")?;
        let vault = cke_pki::connect(&config.value).await?;
        Ok(Issuer::new(vault, storage))
    }
}
