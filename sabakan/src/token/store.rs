//! The key that all servers sign tokens with, in etcd beside the disk keys: made once, by whichever server comes first.

use super::Signer;
use neco_etcd::{Error, Etcd, Txn};
use serde::{Deserialize, Serialize};

const KEY: &str = "neco/boot-token-key";

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Stored {
    writer: String,
    least_reader: String,
    /// 32 bytes in hexadecimal.
    key: String,
}

/// Why there is no signer.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// etcd did not give or take the key.
    #[error("the key of boot tokens cannot be had from etcd")]
    Etcd(#[from] Error),
    /// The stored value is not a key.
    #[error("the value of {KEY} in etcd is not a key; delete it to make a new one")]
    Unreadable,
    /// The system gave no random numbers.
    #[error("the system gives no random numbers")]
    Random,
}

/// Reads the key, or makes it.
///
/// # Errors
/// [`KeyError`].
pub async fn load(etcd: &Etcd) -> Result<Signer, KeyError> {
    loop {
        if let Some(kv) = etcd.get(KEY).await? {
            return read(&kv.value).ok_or(KeyError::Unreadable);
        }
        let mut key = [0u8; 32];
        aws_lc_rs::rand::fill(&mut key).map_err(|_unspecified| KeyError::Random)?;
        let stored = Stored {
            writer: env!("CARGO_PKG_VERSION").into(),
            least_reader: "0.1.0".into(),
            key: hex::encode(key),
        };
        let value = serde_json::to_vec(&stored).map_err(|_impossible| KeyError::Unreadable)?;
        match etcd.commit(Txn::new().if_absent(KEY).put(KEY, value)).await {
            // Whoever won, the stored key is the one.
            Ok(_) | Err(Error::Ambiguous { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn read(value: &[u8]) -> Option<Signer> {
    let stored: Stored = serde_json::from_slice(value).ok()?;
    let key = hex::decode(stored.key).ok()?;
    (key.len() == 32).then(|| Signer::new(&key))
}
