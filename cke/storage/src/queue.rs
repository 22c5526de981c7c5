//! The reboot queue and the repair queue: numbered entries that operators add and the leader works on.

use crate::value::{decode, encode, number};
use crate::{ATTEMPTS, Listing, Storage, StorageError, Switch, keys};
use cke_model::{RebootEntry, RepairEntry};
use gojson::StringInt;
use neco_etcd::{Guard, Txn};
use serde::{Serialize, de::DeserializeOwned};
use std::marker::PhantomData;

/// What is queued, and where.
pub trait QueueEntry: Serialize + DeserializeOwned + Clone + Send + Sync {
    /// Prefix of the entries' keys.
    const DATA: &str;
    /// Key of the next entry's number.
    const WRITE_INDEX: &str;
    /// What switches the queue.
    const SWITCH: Switch;
    /// The entry's number.
    fn index(&mut self) -> &mut StringInt;
}

impl QueueEntry for RebootEntry {
    const DATA: &str = keys::REBOOTS;
    const WRITE_INDEX: &str = keys::REBOOTS_WRITE_INDEX;
    const SWITCH: Switch = Switch::RebootQueue;
    fn index(&mut self) -> &mut StringInt {
        &mut self.index
    }
}

impl QueueEntry for RepairEntry {
    const DATA: &str = keys::REPAIRS;
    const WRITE_INDEX: &str = keys::REPAIRS_WRITE_INDEX;
    const SWITCH: Switch = Switch::RepairQueue;
    fn index(&mut self) -> &mut StringInt {
        &mut self.index
    }
}

/// One of the queues.
#[derive(Debug)]
pub struct Queue<'a, T> {
    storage: &'a Storage,
    entries: PhantomData<T>,
}

/// What became of a change to an entry.
#[derive(Debug, Clone, PartialEq)]
pub enum Modified<T> {
    /// It was written.
    Written(T),
    /// There was nothing to change.
    Unchanged(T),
    /// There is no such entry (any more).
    Gone,
}

/// Entries that one transaction adds: etcd takes 128 operations, one of which writes the next number.
const BATCH: usize = 100;

impl Storage {
    /// The reboot queue.
    #[must_use]
    pub fn reboots(&self) -> Queue<'_, RebootEntry> {
        self.queue()
    }

    /// The repair queue.
    #[must_use]
    pub fn repairs(&self) -> Queue<'_, RepairEntry> {
        self.queue()
    }

    fn queue<T>(&self) -> Queue<'_, T> {
        Queue {
            storage: self,
            entries: PhantomData,
        }
    }

    /// Whether a leader works on the reboot queue just now.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn is_reboot_queue_running(&self) -> Result<bool, StorageError> {
        Ok(self
            .kv(keys::REBOOTS_RUNNING)
            .await?
            .is_some_and(|kv| kv.value == b"true"))
    }

    /// Stores whether the leader works on the reboot queue just now.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn set_reboot_queue_running(&self, leader: &Guard, running: bool) -> Result<(), StorageError> {
        self.put_as(leader, keys::REBOOTS_RUNNING, running.to_string()).await
    }
}

impl<T: QueueEntry> Queue<'_, T> {
    /// All entries, by their numbers.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn list(&self) -> Result<Listing<T>, StorageError> {
        Ok(Listing::of(self.storage.prefix(T::DATA).await?, |kv| decode(&kv)))
    }

    /// One entry.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn get(&self, index: i64) -> Result<Option<T>, StorageError> {
        let stored = self.storage.get(&keys::numbered(T::DATA, index)).await?;
        Ok(stored.map(|stored| stored.value))
    }

    /// Appends entries in their order, and gives them with their numbers. A hundred of them are added together or not at
    /// all.
    ///
    /// # Errors
    /// See [`StorageError`]; the batches before the one that failed are in the queue.
    pub async fn add(&self, entries: &[T]) -> Result<Vec<T>, StorageError> {
        let mut added = Vec::with_capacity(entries.len());
        for batch in entries.chunks(BATCH) {
            added.extend(self.add_batch(None, batch).await?);
        }
        Ok(added)
    }

    /// The same by a leader.
    ///
    /// # Errors
    /// See [`Queue::add`].
    pub async fn add_as(&self, leader: &Guard, entries: &[T]) -> Result<Vec<T>, StorageError> {
        let mut added = Vec::with_capacity(entries.len());
        for batch in entries.chunks(BATCH) {
            added.extend(self.add_batch(Some(leader), batch).await?);
        }
        Ok(added)
    }

    async fn add_batch(&self, leader: Option<&Guard>, batch: &[T]) -> Result<Vec<T>, StorageError> {
        for _ in 0..ATTEMPTS {
            let kv = self.storage.kv(T::WRITE_INDEX).await?;
            let revision = kv.as_ref().map_or(0, |kv| kv.mod_revision);
            let mut next = kv.map_or(Ok(0), number)?;
            let mut txn = Txn::new().if_mod_revision(T::WRITE_INDEX, revision);
            let mut added = batch.to_vec();
            for entry in &mut added {
                entry.index().0 = next;
                let key = keys::numbered(T::DATA, next);
                let value = encode(&key, entry)?;
                txn = txn.put(key, value);
                next += 1;
            }
            txn = txn.put(T::WRITE_INDEX, next.to_string());
            if self.commit(leader, T::WRITE_INDEX, txn).await? {
                return Ok(added);
            }
        }
        Err(StorageError::conflict(T::WRITE_INDEX))
    }

    /// Changes an entry as an operator: `change` gets what is stored now and says whether it changed anything. It may be
    /// called again when somebody else wrote in between.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn modify(&self, index: i64, change: impl Fn(&mut T) -> bool) -> Result<Modified<T>, StorageError> {
        self.modify_guarded(None, index, change).await
    }

    /// The same by a leader, so that what an operator wrote meanwhile is seen and not lost.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn modify_as(
        &self,
        leader: &Guard,
        index: i64,
        change: impl Fn(&mut T) -> bool,
    ) -> Result<Modified<T>, StorageError> {
        self.modify_guarded(Some(leader), index, change).await
    }

    async fn modify_guarded(
        &self,
        leader: Option<&Guard>,
        index: i64,
        change: impl Fn(&mut T) -> bool,
    ) -> Result<Modified<T>, StorageError> {
        let key = keys::numbered(T::DATA, index);
        for _ in 0..ATTEMPTS {
            let Some(kv) = self.storage.kv(&key).await? else {
                return Ok(Modified::Gone);
            };
            let mut entry: T = decode(&kv)?;
            if !change(&mut entry) {
                return Ok(Modified::Unchanged(entry));
            }
            let txn = Txn::new()
                .if_mod_revision(&key, kv.mod_revision)
                .put(&key, encode(&key, &entry)?);
            if self.commit(leader, &key, txn).await? {
                return Ok(Modified::Written(entry));
            }
        }
        Err(StorageError::conflict(&key))
    }

    /// Removes an entry as a leader.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn delete(&self, leader: &Guard, index: i64) -> Result<(), StorageError> {
        let key = keys::numbered(T::DATA, index);
        self.storage.commit_as(leader, &key, Txn::new().delete(&key)).await?;
        Ok(())
    }

    async fn commit(&self, leader: Option<&Guard>, key: &str, txn: Txn) -> Result<bool, StorageError> {
        match leader {
            Some(leader) => self.storage.commit_as(leader, key, txn).await,
            None => Ok(self
                .storage
                .etcd
                .commit(txn)
                .await
                .map_err(StorageError::etcd(key))?
                .succeeded),
        }
    }
}
