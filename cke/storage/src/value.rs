//! Values between etcd and types.

use crate::{LAYOUT, Storage, StorageError, WRITER};
use gojson::{decode_stored, to_go_json};
use neco_etcd::{Guard, Kv, Txn};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// A value and where it stands in etcd's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored<T> {
    /// The value.
    pub value: T,
    /// The revision that wrote it last.
    pub revision: i64,
}

/// A value of a list that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Unreadable {
    /// Its key, relative to CKE's prefix.
    pub key: String,
    /// Why.
    pub reason: String,
}

/// Values of one kind, with those that could not be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Listing<T> {
    /// In the order of their keys unless said otherwise.
    pub entries: Vec<T>,
    /// Named in the log already.
    pub unreadable: Vec<Unreadable>,
}

impl<T> Default for Listing<T> {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            unreadable: Vec::new(),
        }
    }
}

impl<T> Listing<T> {
    /// Reads values one by one; what cannot be read is set aside and named.
    pub(crate) fn of(kvs: Vec<Kv>, read: impl Fn(Kv) -> Result<T, StorageError>) -> Self {
        let mut listing = Self::default();
        for kv in kvs {
            let key = kv.key.clone();
            match read(kv) {
                Ok(value) => listing.entries.push(value),
                Err(error) => listing.unreadable.push(Unreadable::note(&key, &error)),
            }
        }
        listing
    }
}

impl Unreadable {
    pub(crate) fn note(key: &str, error: &StorageError) -> Self {
        tracing::error!(key, %error, "a stored value is left out");
        let reason = match error {
            StorageError::Unreadable { reason, .. } => reason.clone(),
            other => other.to_string(),
        };
        Self {
            key: key.to_owned(),
            reason,
        }
    }
}

/// Reads a value in the original's JSON.
pub(crate) fn decode<T: DeserializeOwned>(kv: &Kv) -> Result<T, StorageError> {
    decode_stored(&kv.value).map_err(|error| StorageError::unreadable(&kv.key, error))
}

pub(crate) fn stored<T: DeserializeOwned>(kv: &Kv) -> Result<Stored<T>, StorageError> {
    Ok(Stored {
        value: decode(kv)?,
        revision: kv.mod_revision,
    })
}

/// Reads a value as text.
pub(crate) fn text(kv: Kv) -> Result<String, StorageError> {
    String::from_utf8(kv.value).map_err(|_| StorageError::unreadable(&kv.key, "it is not text in UTF-8"))
}

/// Reads a value as a decimal number.
pub(crate) fn number(kv: Kv) -> Result<i64, StorageError> {
    let key = kv.key.clone();
    let text = text(kv)?;
    let number = text.parse();
    number.map_err(|_| StorageError::unreadable(&key, format!("{text:?} is not a number")))
}

/// Writes a value in the original's JSON.
pub(crate) fn encode<T: Serialize>(key: &str, value: &T) -> Result<Vec<u8>, StorageError> {
    to_go_json(value).map_err(|error| cannot_encode(key, error))
}

/// Writes a value of ours, with who wrote it and the least layout that can read it.
pub(crate) fn encode_own<T: Serialize>(key: &str, value: &T) -> Result<Vec<u8>, StorageError> {
    let mut members = match serde_json::to_value(value) {
        Ok(Value::Object(members)) => members,
        Ok(_) => return Err(cannot_encode(key, "it is not an object")),
        Err(error) => return Err(cannot_encode(key, error)),
    };
    members.insert("writer".to_owned(), Value::from(WRITER));
    members.insert("reader".to_owned(), Value::from(LAYOUT));
    encode(key, &members)
}

/// Reads a value of ours; one that needs a later reader is refused.
pub(crate) fn decode_own<T: DeserializeOwned>(kv: &Kv) -> Result<T, StorageError> {
    let mut members: Map<String, Value> = decode(kv)?;
    let reader = members.remove("reader").and_then(|reader| reader.as_u64()).unwrap_or(1);
    let writer = members.remove("writer").unwrap_or_default();
    if reader > LAYOUT {
        let reason = format!("version {writer} wrote it in layout {reader}, and this version knows {LAYOUT}");
        return Err(StorageError::unreadable(&kv.key, reason));
    }
    serde_json::from_value(Value::Object(members)).map_err(|error| StorageError::unreadable(&kv.key, error))
}

fn cannot_encode(key: &str, reason: impl std::fmt::Display) -> StorageError {
    StorageError::Encode {
        key: key.to_owned(),
        reason: reason.to_string(),
    }
}

impl Storage {
    pub(crate) async fn kv(&self, key: &str) -> Result<Option<Kv>, StorageError> {
        self.etcd.get(key).await.map_err(StorageError::etcd(key))
    }

    pub(crate) async fn prefix(&self, prefix: &str) -> Result<Vec<Kv>, StorageError> {
        let snapshot = self
            .etcd
            .read_prefix(prefix)
            .await
            .map_err(StorageError::etcd(prefix))?;
        Ok(snapshot.kvs)
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<Stored<T>>, StorageError> {
        self.kv(key).await?.as_ref().map(stored).transpose()
    }

    pub(crate) async fn get_text(&self, key: &str) -> Result<Option<String>, StorageError> {
        self.kv(key).await?.map(text).transpose()
    }

    /// Writes whatever was there before: for settings that are set as a whole.
    pub(crate) async fn put(&self, key: &str, value: impl Into<Vec<u8>>) -> Result<(), StorageError> {
        self.etcd.put(key, value).await.map_err(StorageError::etcd(key))?;
        Ok(())
    }

    /// Writes a value if it is still what was read at `revision`; 0 is "not there".
    pub(crate) async fn swap(&self, key: &str, value: Vec<u8>, revision: i64) -> Result<bool, StorageError> {
        let txn = Txn::new().if_mod_revision(key, revision).put(key, value);
        Ok(self.etcd.commit(txn).await.map_err(StorageError::etcd(key))?.succeeded)
    }

    /// Commits what a leader writes. False where another guard of `txn` did not hold.
    pub(crate) async fn commit_as(&self, leader: &Guard, key: &str, txn: Txn) -> Result<bool, StorageError> {
        let txn = txn.guard(leader.clone()).or_else_get(leader.key());
        let outcome = self.etcd.commit(txn).await.map_err(StorageError::etcd(key))?;
        if !outcome.succeeded && !crate::leadership::still_leads(leader, &outcome) {
            return Err(StorageError::LostLeadership { key: key.to_owned() });
        }
        Ok(outcome.succeeded)
    }

    /// Writes one value of a leader.
    pub(crate) async fn put_as(
        &self,
        leader: &Guard,
        key: &str,
        value: impl Into<Vec<u8>>,
    ) -> Result<(), StorageError> {
        self.commit_as(leader, key, Txn::new().put(key, value)).await?;
        Ok(())
    }
}
