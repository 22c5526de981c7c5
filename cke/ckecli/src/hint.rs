//! What to do next after an error.

use crate::settings::SettingsError;
use cke_storage::StorageError;

/// Lines to show below an error.
pub(crate) fn lines(error: &anyhow::Error) -> Vec<String> {
    error
        .chain()
        .find_map(of)
        .map(|hint| format!("Hint: {hint}"))
        .into_iter()
        .collect()
}

fn of(cause: &(dyn std::error::Error + 'static)) -> Option<&'static str> {
    if let Some(SettingsError::Read { .. }) = cause.downcast_ref() {
        return Some("name the configuration file with --config FILE or CKECLI_CONFIG");
    }
    if let Some(StorageError::Conflict { .. }) = cause.downcast_ref() {
        return Some("look at what is stored now, and try again");
    }
    if let Some(pki) = cause.downcast_ref::<cke_pki::Error>() {
        return pki
            .is_unavailable()
            .then_some("is Vault running and unsealed? Try again when it is");
    }
    of_etcd(cause.downcast_ref()?)
}

fn of_etcd(error: &neco_etcd::Error) -> Option<&'static str> {
    match error {
        neco_etcd::Error::Auth { .. } | neco_etcd::Error::PermissionDenied { .. } => {
            Some("look at username, password and tls-cert-file in the configuration file")
        }
        neco_etcd::Error::Ambiguous { .. } => Some("look whether it has happened before you try again"),
        error if error.is_unavailable() => {
            Some("is CKE's etcd running? Look at endpoints and tls-ca-file in the configuration file")
        }
        _ => None,
    }
}
