//! Resources of users.

use crate::value::text;
use crate::{Listing, Storage, StorageError, keys};
use cke_model::ResourceDefinition;
use cke_model::resource::sort;
use neco_etcd::{Kv, Txn};

/// Operations of one transaction; etcd takes 128.
const BATCH: usize = 100;

/// Resources that users registered.
#[derive(Debug)]
pub struct Resources<'a> {
    storage: &'a Storage,
}

impl Storage {
    /// Resources that users registered.
    #[must_use]
    pub fn resources(&self) -> Resources<'_> {
        Resources { storage: self }
    }
}

impl Resources<'_> {
    /// All of them in the order of applying. Their revision is that of their key.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn all(&self) -> Result<Listing<ResourceDefinition>, StorageError> {
        Ok(listing(self.storage.prefix(keys::RESOURCES).await?))
    }

    /// Their keys, in the order of the alphabet.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn keys(&self) -> Result<Vec<String>, StorageError> {
        let kvs = self.storage.prefix(keys::RESOURCES).await?;
        Ok(kvs.iter().map(|kv| name(&kv.key).to_owned()).collect())
    }

    /// The definition under a key, as it was given.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn get(&self, key: &str) -> Result<Option<String>, StorageError> {
        self.storage.get_text(&full(key)).await
    }

    /// Registers definitions under their keys. A hundred of them are stored together or not at all.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn put(&self, definitions: &[(String, String)]) -> Result<(), StorageError> {
        // The last definition of a key is the one that counts; etcd refuses a key twice in a transaction.
        let unique: std::collections::BTreeMap<_, _> = definitions.iter().map(|(k, v)| (k, v)).collect();
        let unique: Vec<_> = unique.into_iter().collect();
        for batch in unique.chunks(BATCH) {
            let put = |txn: Txn, (key, value): &(&String, &String)| txn.put(full(key), value.as_bytes());
            self.commit(batch.iter().fold(Txn::new(), put)).await?;
        }
        Ok(())
    }

    /// Forgets definitions.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn delete(&self, resources: &[String]) -> Result<(), StorageError> {
        let unique: std::collections::BTreeSet<_> = resources.iter().collect();
        let unique: Vec<_> = unique.into_iter().collect();
        for batch in unique.chunks(BATCH) {
            self.commit(batch.iter().fold(Txn::new(), |txn, key| txn.delete(full(key))))
                .await?;
        }
        Ok(())
    }

    async fn commit(&self, txn: Txn) -> Result<(), StorageError> {
        let committed = self.storage.etcd.commit(txn).await;
        committed.map_err(StorageError::etcd(keys::RESOURCES))?;
        Ok(())
    }
}

pub(crate) fn listing(kvs: Vec<Kv>) -> Listing<ResourceDefinition> {
    let mut listing = Listing::of(kvs, definition);
    sort(&mut listing.entries);
    listing
}

fn definition(kv: Kv) -> Result<ResourceDefinition, StorageError> {
    let (key, revision) = (kv.key.clone(), kv.mod_revision);
    let definition = ResourceDefinition::from_key(name(&key), revision, text(kv)?);
    definition.map_err(|error| StorageError::unreadable(&key, error))
}

fn full(key: &str) -> String {
    format!("{}{key}", keys::RESOURCES)
}

fn name(key: &str) -> &str {
    key.strip_prefix(keys::RESOURCES).unwrap_or(key)
}
