//! The keys that encrypt Secrets in etcd: how Vault keeps them, their rotation, and the file that API servers read.
//!
//! In Vault, `cke/secrets/k8s` has a value for each way to encrypt; `aescbc` is JSON, `{"keys":[{"name","secret"}]}`. The first
//! key encrypts, all decrypt.

pub(crate) mod vault;

#[cfg(test)]
mod tests;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use neco_vault::Secret;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::kubeconfig::scalar;

/// Under which name the keys lie in Vault's secret.
pub const PROVIDER: &str = "aescbc";

/// Length of a key, as AES-256 wants it.
const KEY_BYTES: usize = 32;

/// Keys of one way to encrypt.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct EncryptionKeys {
    /// The first encrypts, all decrypt.
    #[serde(default)]
    pub keys: Vec<EncryptionKey>,
}

/// A key with its name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct EncryptionKey {
    /// When it was made, in RFC 3339.
    pub name: String,
    /// The key, in base64.
    pub secret: Secret,
}

impl EncryptionKeys {
    /// Reads the value of Vault's secret.
    ///
    /// # Errors
    /// When it is not that JSON.
    pub fn parse(json: &Secret) -> Result<EncryptionKeys, serde_json::Error> {
        serde_json::from_str(json.expose())
    }

    /// The value for Vault's secret.
    ///
    /// # Errors
    /// Never for strings.
    pub fn to_json(&self) -> Result<Secret, serde_json::Error> {
        serde_json::to_string(self).map(Secret::from)
    }

    /// A new key first, the one that encrypted until now after it; older ones are gone.
    #[must_use]
    pub fn rotated(&self, random: &[u8; KEY_BYTES], now: Timestamp) -> EncryptionKeys {
        let new = EncryptionKey {
            name: now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            secret: STANDARD.encode(random).into(),
        };
        let kept = self.keys.first().cloned();
        EncryptionKeys {
            keys: std::iter::once(new).chain(kept).collect(),
        }
    }

    /// The file for API servers: Secrets are encrypted, what is not yet is still read.
    #[must_use]
    pub fn configuration(&self) -> Zeroizing<String> {
        let mut yaml = Zeroizing::new(String::from(
            "apiVersion: apiserver.config.k8s.io/v1\n\
             kind: EncryptionConfiguration\n\
             resources:\n\
             - providers:\n\
             \x20 - aescbc:\n\
             \x20     keys:\n",
        ));
        for key in &self.keys {
            let (name, secret) = (scalar(&key.name), Zeroizing::new(scalar(key.secret.expose())));
            yaml.push_str("      - name: ");
            yaml.push_str(&name);
            yaml.push_str("\n        secret: ");
            yaml.push_str(&secret);
            yaml.push('\n');
        }
        yaml.push_str("  - identity: {}\n  resources:\n  - secrets\n");
        yaml
    }
}
