//! Doing the steps.

use std::collections::BTreeMap;

use cke_model::VaultConfig;
use cke_model::certificate::Authority;
use cke_model::vault::{APP_ROLE, SECRETS};
use cke_storage::Storage;
use jiff::Timestamp;
use neco_vault::{AppRoleOptions, Mount, Vault};
use tokio::sync::OnceCell;

use super::{AUTHORITY_TTL, DEFAULT_TTL, POLICY, State, Step, TOKEN_PERIOD, common_name, decide, observe};
use crate::encryption::vault as encryption;
use crate::{Error, connect};

/// Prepares a Vault for CKE.
#[derive(Debug)]
pub struct Initializer {
    admin: Vault,
    storage: Storage,
    /// Certificate of the server's authority, which CKE is to check it by; empty for the system's.
    ca_pem: String,
    cke: OnceCell<Vault>,
}

impl Initializer {
    /// Prepares the Vault that `admin` is logged in to. `ca_pem` is what CKE will check the server's certificate by, the
    /// system's where empty.
    #[must_use]
    pub fn new(admin: Vault, storage: Storage, ca_pem: &str) -> Initializer {
        Initializer {
            admin,
            storage,
            ca_pem: ca_pem.to_owned(),
            cke: OnceCell::new(),
        }
    }

    /// What is there.
    ///
    /// # Errors
    /// [`Error::Vault`], [`Error::Storage`].
    pub async fn observe(&self) -> Result<State, Error> {
        observe::observe(&self.admin, &self.storage).await
    }

    /// All of it: looks, decides, and does each step. Gives what to tell the operator, a line each.
    ///
    /// # Errors
    /// As [`Initializer::apply`], of the first step that failed; what was done stays, and it can be run again.
    pub async fn run(&self) -> Result<Vec<String>, Error> {
        let mut done = Vec::new();
        for step in decide(&self.observe().await?) {
            done.extend(self.apply(&step).await?);
        }
        Ok(done)
    }

    /// One step; gives what to tell the operator, if anything.
    ///
    /// # Errors
    /// [`Error::Vault`], [`Error::Storage`].
    pub async fn apply(&self, step: &Step) -> Result<Option<String>, Error> {
        match step {
            Step::MountPki(authority) => self.mount_pki(*authority).await.map(Some),
            Step::MountSecrets => self.mount_secrets().await.map(Some),
            Step::WritePolicy => self.write_policy().await,
            Step::EnableAppRole => self.enable_app_role().await.map(Some),
            Step::MakeAppRole => self.make_app_role().await,
            Step::MakeAuthority(authority) => self.make_authority(*authority).await.map(Some),
            Step::MakeEncryptionKey => self.make_encryption_key().await,
        }
    }

    async fn mount_pki(&self, authority: Authority) -> Result<String, Error> {
        let path = authority.vault_path();
        let mount = Mount {
            kind: "pki".to_owned(),
            config: pairs(&[("max_lease_ttl", AUTHORITY_TTL), ("default_lease_ttl", DEFAULT_TTL)]),
            ..Mount::default()
        };
        let mounted = self.admin.mount(&path, &mount).await;
        mounted.map_err(Error::vault(format!("mount pki on {path}")))?;
        Ok(format!("mounted pki on {path}"))
    }

    async fn mount_secrets(&self) -> Result<String, Error> {
        let mount = Mount {
            kind: "kv".to_owned(),
            options: pairs(&[("version", "1")]),
            ..Mount::default()
        };
        let mounted = self.admin.mount(SECRETS, &mount).await;
        mounted.map_err(Error::vault(format!("mount kv on {SECRETS}")))?;
        Ok(format!("mounted kv version 1 on {SECRETS}"))
    }

    async fn write_policy(&self) -> Result<Option<String>, Error> {
        let written = self.admin.put_policy(APP_ROLE, POLICY).await;
        written.map_err(Error::vault("write the policy cke"))?;
        Ok(None)
    }

    async fn enable_app_role(&self) -> Result<String, Error> {
        let enabled = self.admin.enable_auth("approle", "approle").await;
        enabled.map_err(Error::vault("enable the login of programs (approle)"))?;
        Ok("enabled approle".to_owned())
    }

    async fn make_app_role(&self) -> Result<Option<String>, Error> {
        let options = AppRoleOptions {
            policies: APP_ROLE.to_owned(),
            period: TOKEN_PERIOD.to_owned(),
        };
        let made = self.admin.put_app_role(APP_ROLE, &options).await;
        made.map_err(Error::vault("make the AppRole cke"))?;
        let role = self.admin.new_credentials(APP_ROLE).await;
        let role = role.map_err(Error::vault("make credentials of the AppRole cke"))?;
        let config = VaultConfig {
            endpoint: self.admin.url().to_owned(),
            ca_cert: self.ca_pem.clone(),
            role_id: role.role_id,
            secret_id: role.secret_id.expose().to_owned(),
            ..VaultConfig::default()
        };
        self.storage.put_vault_config(&config).await?;
        Ok(None)
    }

    /// An engine that has an authority already keeps it: a second one would be stored here while Vault issues by the first.
    async fn make_authority(&self, authority: Authority) -> Result<String, Error> {
        let path = authority.vault_path();
        let cke = self.cke().await?;
        let found = cke.pki_ca(&path).await;
        if let Some(pem) = found.map_err(Error::vault(format!("read the CA at {path}")))? {
            self.storage.put_ca(authority, &pem).await?;
            return Ok(format!("took over the root certificate of {path}"));
        }
        let made = cke
            .pki_generate_root(&path, common_name(authority), AUTHORITY_TTL)
            .await;
        let pem = made.map_err(Error::vault(format!("make the CA at {path}")))?;
        self.storage.put_ca(authority, &pem).await?;
        Ok(format!("issued root certificate for {path}"))
    }

    async fn make_encryption_key(&self) -> Result<Option<String>, Error> {
        let cke = self.cke().await?;
        if !encryption::exist(cke).await? {
            encryption::rotate(cke, Timestamp::now()).await?;
        }
        Ok(None)
    }

    /// CKE's own login, by what is stored.
    async fn cke(&self) -> Result<&Vault, Error> {
        let login = || async {
            let config = self.storage.vault_config().await?;
            connect(&config.ok_or(Error::NoVault)?.value).await
        };
        self.cke.get_or_try_init(login).await
    }
}

fn pairs(list: &[(&str, &str)]) -> BTreeMap<String, String> {
    list.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}
