//! Disk keys: stored once, read linearizably, deleted when their machine retires.
//!
//! A node formats a disk when it hears that there is no key for it. So "there is none" is said only after a linearizable read,
//! and a deletion on purpose leaves a marker by which it is told apart from a key that never was or was lost.

use crate::answer::first_kv;
use crate::audit::{Actor, AuditDraft};
use crate::{Storage, StorageError, WRITER, keys};
use neco_etcd::{Kv, Outcome, Response, Txn};
use sabakan_model::{AuditCategory, GoTime, MachineState, decode_stored, to_go_json};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How often a change begins anew because others changed the same machine.
const ATTEMPTS: u32 = 64;

/// Bytes of a key, at most.
pub const MAX_KEY: usize = 4096;

/// What is known about a disk's key.
#[derive(Clone, PartialEq, Eq)]
pub enum DiskKey {
    /// It is there.
    Found(Vec<u8>),
    /// It was deleted on purpose, at this time.
    Deleted(GoTime),
    /// Nothing is known about it.
    Never,
}

impl std::fmt::Debug for DiskKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Found(_) => f.write_str("Found(hidden)"),
            Self::Deleted(at) => write!(f, "Deleted({at})"),
            Self::Never => f.write_str("Never"),
        }
    }
}

/// Which disks' keys of a machine were deleted, `neco/crypts-deleted/<serial>`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Deleted {
    writer: String,
    reader: u32,
    disks: BTreeMap<String, GoTime>,
}

impl Storage {
    /// The key of a disk, by a linearizable read.
    ///
    /// # Errors
    /// Trouble of etcd; never because there is no key.
    pub async fn disk_key(&self, serial: &str, disk: &str) -> Result<DiskKey, StorageError> {
        check_names(serial, disk)?;
        let txn = Txn::new()
            .get(keys::crypt(serial, disk))
            .get(keys::crypts_deleted(serial));
        let outcome = self
            .etcd()
            .commit(txn)
            .await
            .map_err(StorageError::etcd("reading a disk key"))?;
        if let Some(kv) = first_kv(&outcome, 0) {
            return Ok(DiskKey::Found(kv.value.clone()));
        }
        let (deleted, _) = marker(serial, first_kv(&outcome, 1))?;
        Ok(deleted
            .disks
            .get(disk)
            .map_or(DiskKey::Never, |at| DiskKey::Deleted(*at)))
    }

    /// Stores the key of a disk, once. Returns the revision.
    ///
    /// # Errors
    /// [`StorageError::Conflict`] when there is one, [`StorageError::WrongState`] when the machine retires,
    /// [`StorageError::Quota`] when it has too many.
    pub async fn put_disk_key(
        &self,
        actor: &Actor,
        serial: &str,
        disk: &str,
        value: &[u8],
    ) -> Result<i64, StorageError> {
        check_names(serial, disk)?;
        if value.is_empty() || value.len() > MAX_KEY {
            return Err(StorageError::BadRequest(format!(
                "a disk key must have 1 to {MAX_KEY} bytes"
            )));
        }
        let draft = AuditDraft::new(AuditCategory::CRYPTS, serial, "put", disk);
        for _ in 0..ATTEMPTS {
            let fresh = self.fresh(serial).await?;
            let state = fresh.machine.status.state;
            if !state.accepts_disk_keys() {
                return Err(wrong(
                    serial,
                    state,
                    "a machine that is retiring or retired takes no disk keys",
                ));
            }
            let txn = self
                .putting(serial, disk, value)
                .await?
                .if_mod_revision(keys::machine(serial), fresh.guard);
            let outcome = self.commit_audited_at(actor, &draft, &txn, fresh.revision).await?;
            if outcome.succeeded {
                return Ok(outcome.revision);
            }
        }
        Err(StorageError::Contention {
            op: "storing a disk key",
            attempts: ATTEMPTS,
        })
    }

    /// What stores a key that is not there yet, and takes back that it was deleted once.
    async fn putting(&self, serial: &str, disk: &str, value: &[u8]) -> Result<Txn, StorageError> {
        let target = keys::crypt(serial, disk);
        let (there, deleted, guard) = self.disk_keys(serial).await?;
        if there.iter().any(|kv| kv.key == target) {
            return Err(StorageError::Conflict(format!(
                "a key for disk {disk} of machine {serial} exists already"
            )));
        }
        let limit = self.inner.options.max_disk_keys;
        if there.len() >= limit {
            return Err(StorageError::Quota {
                what: format!("disk keys of machine {serial}"),
                limit,
            });
        }
        let mut txn = Txn::new().if_absent(&target).put(&target, value);
        let mut left = deleted;
        if left.disks.remove(disk).is_some() {
            let key = keys::crypts_deleted(serial);
            txn = txn.if_mod_revision(&key, guard).put(key, encode(&mut left)?);
        }
        Ok(txn)
    }

    /// The keys of a machine, which were deleted, and the revision of that marker.
    async fn disk_keys(&self, serial: &str) -> Result<(Vec<Kv>, Deleted, i64), StorageError> {
        let txn = Txn::new()
            .get_prefix(keys::crypts_of(serial))
            .get(keys::crypts_deleted(serial));
        let outcome = self
            .etcd()
            .commit(txn)
            .await
            .map_err(StorageError::etcd("reading disk keys"))?;
        let (deleted, guard) = marker(serial, first_kv(&outcome, 1))?;
        Ok((all_kvs(outcome, 0), deleted, guard))
    }

    /// Deletes all keys of a machine that is retiring, and marks them as deleted. Returns the disks and the revision.
    ///
    /// # Errors
    /// [`StorageError::WrongState`] when the machine is not retiring.
    pub async fn delete_disk_keys(&self, actor: &Actor, serial: &str) -> Result<(Vec<String>, i64), StorageError> {
        let prefix = keys::crypts_of(serial);
        for _ in 0..ATTEMPTS {
            let fresh = self.fresh(serial).await?;
            if fresh.machine.status.state != MachineState::Retiring {
                return Err(wrong(serial, fresh.machine.status.state, "machine is not retiring"));
            }
            // No key can come after this read: puts are guarded by a revision at which the machine was not retiring.
            let (there, mut deleted, guard) = self.disk_keys(serial).await?;
            let disks: Vec<_> = there.iter().map(|kv| kv.key[prefix.len()..].to_owned()).collect();
            let now = GoTime::utc(self.now());
            deleted.disks.extend(disks.iter().map(|disk| (disk.clone(), now)));
            let marker_key = keys::crypts_deleted(serial);
            let mut txn = Txn::new()
                .if_mod_revision(keys::machine(serial), fresh.guard)
                .if_mod_revision(&marker_key, guard)
                .delete_prefix(&prefix);
            if !disks.is_empty() {
                txn = txn.put(&marker_key, encode(&mut deleted)?);
            }
            let draft = AuditDraft::new(AuditCategory::CRYPTS, serial, "delete", "");
            let outcome = self.commit_audited_at(actor, &draft, &txn, fresh.revision).await?;
            if outcome.succeeded {
                return Ok((disks, outcome.revision));
            }
        }
        Err(StorageError::Contention {
            op: "deleting disk keys",
            attempts: ATTEMPTS,
        })
    }
}

fn check_names(serial: &str, disk: &str) -> Result<(), StorageError> {
    match [serial, disk].into_iter().find(|name| !keys::is_segment(name)) {
        Some(bad) => Err(StorageError::BadRequest(format!(
            "{bad:?} is not the name of a machine or disk"
        ))),
        None => Ok(()),
    }
}

fn wrong(serial: &str, state: MachineState, reason: &'static str) -> StorageError {
    StorageError::WrongState {
        serial: serial.to_owned(),
        state: state.to_string(),
        reason,
    }
}

/// The marker with its revision; an empty one when there is none.
fn marker(serial: &str, kv: Option<&Kv>) -> Result<(Deleted, i64), StorageError> {
    let Some(kv) = kv else {
        return Ok((Deleted::default(), 0));
    };
    let deleted = decode_stored(&kv.value).map_err(|e| StorageError::unreadable(&keys::crypts_deleted(serial), e))?;
    Ok((deleted, kv.mod_revision))
}

fn encode(deleted: &mut Deleted) -> Result<Vec<u8>, StorageError> {
    WRITER.clone_into(&mut deleted.writer);
    deleted.reader = 1;
    to_go_json(deleted).map_err(StorageError::encode)
}

fn all_kvs(outcome: Outcome, at: usize) -> Vec<Kv> {
    match outcome.responses.into_iter().nth(at) {
        Some(Response::Kvs(kvs)) => kvs,
        _ => Vec::new(),
    }
}
