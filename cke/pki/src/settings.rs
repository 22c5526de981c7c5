//! How Vault is reached: checking it, and connecting by it.

use cke_model::VaultConfig;
use neco_vault::{AppRole, Endpoint, Vault};

use crate::Error;
use crate::expiry::end_of;

/// What is wrong with a stored or proposed configuration of Vault.
#[derive(Debug, thiserror::Error)]
pub enum InvalidSettings {
    /// `endpoint` is missing.
    #[error("endpoint is empty")]
    NoEndpoint,
    /// `endpoint` is no URL.
    #[error("endpoint: {0}")]
    Endpoint(String),
    /// `ca-cert` is no certificate.
    #[error("ca-cert: {0}")]
    Ca(String),
    /// `role-id` is missing.
    #[error("role-id is empty")]
    NoRole,
    /// `secret-id` is missing.
    #[error("secret-id is empty")]
    NoSecret,
}

/// Checks a configuration before it is stored.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn validate(config: &VaultConfig) -> Result<(), InvalidSettings> {
    if config.endpoint.is_empty() {
        return Err(InvalidSettings::NoEndpoint);
    }
    Endpoint::new(&config.endpoint)
        .check()
        .map_err(|e| InvalidSettings::Endpoint(e.to_string()))?;
    if !config.ca_cert.is_empty() {
        end_of(&config.ca_cert).map_err(InvalidSettings::Ca)?;
    }
    if config.role_id.is_empty() {
        return Err(InvalidSettings::NoRole);
    }
    if config.secret_id.is_empty() {
        return Err(InvalidSettings::NoSecret);
    }
    Ok(())
}

/// Logs in to Vault as CKE; the login is kept good in the background.
///
/// # Errors
/// [`Error::Vault`]; what its `is_unavailable` says is worth trying again.
pub async fn connect(config: &VaultConfig) -> Result<Vault, Error> {
    let endpoint = Endpoint::new(&config.endpoint).with_ca(&config.ca_cert);
    let role = AppRole {
        role_id: config.role_id.clone(),
        secret_id: config.secret_id.as_str().into(),
    };
    let what = format!("log in to vault at {}", config.endpoint);
    Vault::login(&endpoint, role).await.map_err(Error::vault(what))
}
