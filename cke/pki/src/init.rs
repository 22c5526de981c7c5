//! `ckecli vault init` as steps: what Vault lacks is decided from what it has, and each step can be done again.
//!
//! An administrator mounts the engines and makes CKE's role; from then on CKE's own login does the rest, which shows at once
//! that it works.

mod apply;
mod observe;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use cke_model::certificate::Authority;
use cke_model::vault::SECRETS;

pub use apply::Initializer;

/// Life of an authority, a hundred years; also the longest life that its engine allows.
const AUTHORITY_TTL: &str = "876000h";
/// Life of what an engine issues where nothing is said: ten years.
const DEFAULT_TTL: &str = "87600h";
/// A token of CKE's lives this long after each renewal.
const TOKEN_PERIOD: &str = "1h";

/// What CKE may do: everything under its own path.
const POLICY: &str = r#"path "cke/*"
{
  capabilities = ["create", "read", "update", "delete", "list", "sudo"]
}
"#;

/// What an administrator sees of Vault, and what CKE's etcd holds of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// Kinds of the mounted engines by path, with a slash at the end.
    pub mounts: BTreeMap<String, String>,
    /// Whether programs may log in; unknown to an administrator who may not look.
    pub app_role_enabled: Option<bool>,
    /// Whether etcd holds how to reach Vault, with credentials that are not withdrawn.
    pub configured: bool,
    /// The authorities whose certificates etcd holds.
    pub stored: BTreeSet<Authority>,
}

/// One step. Each does nothing where it was done before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Mounts the engine of an authority.
    MountPki(Authority),
    /// Mounts the engine of SSH and encryption keys.
    MountSecrets,
    /// Writes CKE's policy.
    WritePolicy,
    /// Allows programs to log in.
    EnableAppRole,
    /// Makes CKE's role with new credentials, and stores how to reach Vault with them.
    MakeAppRole,
    /// Makes an authority where its engine has none, and stores its certificate.
    MakeAuthority(Authority),
    /// Makes the first encryption key, where there is none.
    MakeEncryptionKey,
}

/// The steps to take, in order.
#[must_use]
pub fn decide(state: &State) -> Vec<Step> {
    let mounted = |path: &str| state.mounts.contains_key(&format!("{path}/"));
    let engines = Authority::ALL.into_iter().filter(|a| !mounted(&a.vault_path()));
    let mut steps: Vec<Step> = engines.map(Step::MountPki).collect();
    steps.extend((!mounted(SECRETS)).then_some(Step::MountSecrets));
    steps.push(Step::WritePolicy);
    if !state.configured {
        steps.extend((state.app_role_enabled == Some(false)).then_some(Step::EnableAppRole));
        steps.push(Step::MakeAppRole);
    }
    let missing = Authority::ALL.into_iter().filter(|a| !state.stored.contains(a));
    steps.extend(missing.map(Step::MakeAuthority));
    steps.push(Step::MakeEncryptionKey);
    steps
}

/// The name in an authority's own certificate.
const fn common_name(authority: Authority) -> &'static str {
    match authority {
        Authority::Server => "server CA",
        Authority::EtcdPeer => "etcd peer CA",
        Authority::EtcdClient => "etcd client CA",
        Authority::Kubernetes => "kubernetes CA",
        Authority::KubernetesAggregation => "kubernetes aggregation CA",
        Authority::KubernetesWebhook => "kubernetes webhook CA",
    }
}
