//! Changes of the index of images, decided over what was read; pure.

use neco_etcd::{Kv, Outcome, Response, Txn};
use sabakan_model::{DeletedImages, GoTime, Image, ImageIndex, decode_stored, to_go_json};

use super::record::Record;
use crate::{archive::Digests, error::FilesError};

/// One operating system's keys at one revision.
#[derive(Debug, Clone, Default)]
pub(super) struct Read {
    pub(super) os: String,
    pub(super) id: String,
    pub(super) index: ImageIndex,
    index_revision: i64,
    pub(super) deleted: DeletedImages,
    deleted_revision: i64,
    pub(super) record: Option<Record>,
    record_revision: i64,
}

/// A transaction, and what it drops.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Change {
    pub(super) txn: Txn,
    pub(super) dropped: Vec<String>,
}

/// The read of all keys that a change of image `id` looks at.
pub(super) fn read(os: &str, id: &str) -> Txn {
    Txn::new()
        .get(index_key(os))
        .get(deleted_key(os))
        .get(Record::key(os, id))
}

impl Read {
    /// Understands the answer to [`read`].
    pub(super) fn new(os: &str, id: &str, outcome: &Outcome) -> Result<Self, FilesError> {
        let mut read = Self {
            os: os.to_owned(),
            id: id.to_owned(),
            ..Self::default()
        };
        if let Some(kv) = first(outcome, 0) {
            read.index = decode_stored(&kv.value).map_err(|error| FilesError::unreadable(&kv.key, error))?;
            read.index_revision = kv.mod_revision;
        }
        if let Some(kv) = first(outcome, 1) {
            read.deleted = decode_stored(&kv.value).map_err(|error| FilesError::unreadable(&kv.key, error))?;
            read.deleted_revision = kv.mod_revision;
        }
        if let Some(kv) = first(outcome, 2) {
            read.record = Some(Record::decode(&kv.value).map_err(|error| FilesError::unreadable(&kv.key, error))?);
            read.record_revision = kv.mod_revision;
        }
        Ok(read)
    }

    /// Refuses an upload that cannot succeed, before a byte of it is taken.
    pub(super) fn refuse_used_up(&self) -> Result<(), FilesError> {
        if self.deleted.contains(&self.id) {
            let text = format!(
                "image {} was deleted; its ID cannot be used again: choose another",
                self.id
            );
            return Err(FilesError::Conflict(text));
        }
        Ok(())
    }

    /// Whether an upload with these digests is the image that the index has.
    pub(super) fn refuse_other_content(&self, digests: &Digests) -> Result<(), FilesError> {
        let Some(image) = self.index.find(&self.id) else {
            return Ok(());
        };
        let same = match &self.record {
            Some(record) => record.members == *digests,
            // The original keeps no hash: until somebody has seen the image, its size is all that can be compared.
            None => u64::try_from(image.size) == Ok(digests.size()),
        };
        if same {
            return Ok(());
        }
        Err(FilesError::Conflict(format!(
            "image {} exists with different content: choose another ID",
            self.id
        )))
    }

    /// Adds the image as the newest, or moves it there.
    pub(super) fn upload(mut self, digests: &Digests, date: GoTime, url: &str) -> Result<Change, FilesError> {
        self.refuse_used_up()?;
        self.refuse_other_content(digests)?;
        let known = self.index.find(&self.id).is_some() && self.record.is_some();
        let size = i64::try_from(digests.size()).map_err(FilesError::internal)?;
        let urls = Some(vec![url.to_owned()]);
        let image = Image {
            id: self.id.clone(),
            date,
            size,
            urls,
            ..Image::default()
        };
        let dropped = self.index.append(image);
        self.index.add_url(&self.id, url);
        self.deleted.extend(dropped.iter().cloned());
        let mut txn = self.guarded()?;
        if !known {
            txn = txn.put(Record::key(&self.os, &self.id), Record::new(digests.clone()).encode());
        }
        for id in &dropped {
            txn = txn.delete(Record::key(&self.os, id));
        }
        Ok(Change { txn, dropped })
    }

    /// Takes the image out and uses its ID up.
    pub(super) fn delete(mut self) -> Result<Txn, FilesError> {
        if self.index.remove(&self.id).is_none() {
            return Err(FilesError::NotFound {
                what: "image",
                name: self.id,
            });
        }
        self.deleted.extend([self.id.clone()]);
        Ok(self.guarded()?.delete(Record::key(&self.os, &self.id)))
    }

    /// Notes that `url` has the image, and its hashes if nobody did; `None`: nothing to change.
    pub(super) fn register(mut self, digests: &Digests, url: &str) -> Result<Option<Txn>, FilesError> {
        if self.index.find(&self.id).is_none() {
            return Ok(None);
        }
        let key = index_key(&self.os);
        let mut txn = Txn::new()
            .if_mod_revision(&key, self.index_revision)
            .if_mod_revision(Record::key(&self.os, &self.id), self.record_revision);
        if self.index.add_url(&self.id, url) {
            txn = txn.put(key, json(&self.index)?);
        }
        if self.record.is_none() {
            txn = txn.put(Record::key(&self.os, &self.id), Record::new(digests.clone()).encode());
        }
        Ok((!txn.then.is_empty()).then_some(txn))
    }

    /// Writes index and used-up names, as the original does, if nobody changed them or the hashes meanwhile.
    fn guarded(&self) -> Result<Txn, FilesError> {
        let (index, deleted) = (index_key(&self.os), deleted_key(&self.os));
        Ok(Txn::new()
            .if_mod_revision(&index, self.index_revision)
            .if_mod_revision(&deleted, self.deleted_revision)
            .if_mod_revision(Record::key(&self.os, &self.id), self.record_revision)
            .put(index, json(&self.index)?)
            .put(deleted, json(&self.deleted)?))
    }
}

pub(crate) fn index_key(os: &str) -> String {
    format!("images/{os}")
}

fn deleted_key(os: &str) -> String {
    format!("images/{os}/deleted")
}

fn json<T: serde::Serialize>(value: &T) -> Result<Vec<u8>, FilesError> {
    to_go_json(value).map_err(FilesError::internal)
}

fn first(outcome: &Outcome, at: usize) -> Option<&Kv> {
    match outcome.responses.get(at)? {
        Response::Kvs(kvs) => kvs.first(),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
