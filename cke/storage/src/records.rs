//! The history: records of operations, the last thousand of them.

mod watch;

use crate::value::{decode, encode, number};
use crate::{Listing, Storage, StorageError, keys};
use cke_model::Record;
use neco_etcd::{Guard, Kv, Txn};

pub use watch::RecordWatch;

/// How many records are kept.
const KEPT: i64 = 1000;

/// Deletions of one transaction; etcd takes 128 operations.
const BATCH: usize = 100;

/// The history of operations.
#[derive(Debug)]
pub struct Records<'a> {
    storage: &'a Storage,
}

impl Storage {
    /// The history of operations.
    #[must_use]
    pub fn records(&self) -> Records<'_> {
        Records { storage: self }
    }
}

impl Records<'_> {
    /// The number of the next record. A counter that is lost or spoiled is found again behind the newest record.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn next_id(&self) -> Result<i64, StorageError> {
        let counted = match self.storage.kv(keys::RECORD_ID).await? {
            None => 1,
            Some(kv) => match number(kv) {
                Ok(number) => return Ok(number),
                Err(error) => {
                    tracing::error!(%error, "the counter of records is found again");
                    1
                }
            },
        };
        let newest = self.keys().await?.last().map(id_of);
        Ok(newest.map_or(counted, |newest| counted.max(newest + 1)))
    }

    /// Stores a new record, and removes the one that is too old for it.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn register(&self, leader: &Guard, record: &Record) -> Result<(), StorageError> {
        let (id, key) = (record.id.0, keys::numbered(keys::RECORDS, record.id.0));
        let mut txn = Txn::new()
            .put(&key, encode(&key, record)?)
            .put(keys::RECORD_ID, (id + 1).to_string());
        if id > KEPT {
            txn = txn.delete(keys::numbered(keys::RECORDS, id - KEPT));
        }
        self.storage.commit_as(leader, &key, txn).await?;
        Ok(())
    }

    /// Stores what became of a record.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn update(&self, leader: &Guard, record: &Record) -> Result<(), StorageError> {
        let key = keys::numbered(keys::RECORDS, record.id.0);
        let value = encode(&key, record)?;
        self.storage.put_as(leader, &key, value).await
    }

    /// Removes what is older than the last thousand: to be done once by a new leader, since [`Records::register`] looks at
    /// one record only.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn trim(&self, leader: &Guard) -> Result<(), StorageError> {
        let all = self.keys().await?;
        let kept = usize::try_from(KEPT).unwrap_or(usize::MAX);
        let surplus = &all[..all.len().saturating_sub(kept)];
        for batch in surplus.chunks(BATCH) {
            let txn = batch.iter().fold(Txn::new(), |txn, kv| txn.delete(kv.key.as_str()));
            self.storage.commit_as(leader, keys::RECORDS, txn).await?;
        }
        Ok(())
    }

    /// The newest records, the newest first: `count` of them, or all where it is 0.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn newest(&self, count: i64) -> Result<Listing<Record>, StorageError> {
        let mut kvs = self.tail(count).await?.0;
        kvs.reverse();
        Ok(Listing::of(kvs, |kv| decode(&kv)))
    }

    /// The last `count` keys in their order (all where it is 0), and the revision that they were read at.
    async fn tail(&self, count: i64) -> Result<(Vec<Kv>, i64), StorageError> {
        // Records are numbered without gaps, unless somebody deleted some by hand.
        let from = match count {
            0 => 0,
            count => (self.next_id().await? - count).max(0),
        };
        let mut page = self.read_from(from).await?;
        let wanted = usize::try_from(count).unwrap_or(usize::MAX);
        if page.0.len() < wanted && from > 0 {
            page = self.read_from(0).await?;
        }
        let skip = if count == 0 {
            0
        } else {
            page.0.len().saturating_sub(wanted)
        };
        Ok((page.0.split_off(skip), page.1))
    }

    async fn read_from(&self, from: i64) -> Result<(Vec<Kv>, i64), StorageError> {
        let from = keys::numbered(keys::RECORDS, from);
        let read = self.storage.etcd.read_range(&from, keys::RECORDS_END, 0, 0).await;
        let page = read.map_err(StorageError::etcd(keys::RECORDS))?;
        Ok((page.kvs, page.revision))
    }

    async fn keys(&self) -> Result<Vec<Kv>, StorageError> {
        self.storage.prefix(keys::RECORDS).await
    }
}

/// The number in a record's key; 0 for a key that no record has.
fn id_of(kv: &Kv) -> i64 {
    let digits = kv.key.strip_prefix(keys::RECORDS).unwrap_or_default();
    i64::from_str_radix(digits, 16).unwrap_or(0)
}
