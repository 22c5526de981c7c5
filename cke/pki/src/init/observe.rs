//! Looking at Vault and at CKE's etcd before anything is done.

use std::collections::BTreeSet;

use cke_model::certificate::Authority;
use cke_storage::Storage;
use neco_vault::Vault;

use super::State;
use crate::{Error, connect};

pub(super) async fn observe(admin: &Vault, storage: &Storage) -> Result<State, Error> {
    let mounts = admin.mounts().await.map_err(Error::vault("list the mounted engines"))?;
    Ok(State {
        mounts,
        app_role_enabled: app_role_enabled(admin).await?,
        configured: configured(storage).await?,
        stored: stored(storage).await?,
    })
}

/// Credentials that Vault refuses are none: they were withdrawn. What cannot be tried now is left as it is.
async fn configured(storage: &Storage) -> Result<bool, Error> {
    let Some(config) = storage.vault_config().await? else {
        return Ok(false);
    };
    let refused = |error: &Error| matches!(error.vault_error(), Some(neco_vault::Error::LoginRefused { .. }));
    Ok(!connect(&config.value).await.is_err_and(|error| refused(&error)))
}

/// An administrator who may not look has it enabled already, as the manual says.
async fn app_role_enabled(admin: &Vault) -> Result<Option<bool>, Error> {
    match admin.auth_methods().await {
        Ok(methods) => Ok(Some(methods.contains_key("approle/"))),
        Err(neco_vault::Error::PermissionDenied { .. }) => Ok(None),
        Err(error) => Err(Error::vault("list the ways to log in")(error)),
    }
}

async fn stored(storage: &Storage) -> Result<BTreeSet<Authority>, Error> {
    let mut stored = BTreeSet::new();
    for authority in Authority::ALL {
        if storage.ca(authority).await?.is_some() {
            stored.insert(authority);
        }
    }
    Ok(stored)
}
