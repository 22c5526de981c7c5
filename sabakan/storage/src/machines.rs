//! Machines: registering, changing, deleting.
//!
//! Every change reads the machine linearizably, decides, and writes under a compare on the revision that was read. What this
//! server has in memory is for searches; it never decides about a write.

mod change;
mod delete;
mod register;

pub use change::Changed;
pub use register::MAX_MACHINES;

use crate::{Storage, StorageError, keys};
use neco_etcd::Kv;
use sabakan_model::{Machine, decode_stored};
use std::sync::Arc;

/// How often a change begins anew because others changed the same machine or rack.
const ATTEMPTS: u32 = 64;

/// A machine as it was read from etcd.
#[derive(Debug, Clone)]
pub(crate) struct Fresh {
    pub(crate) machine: Machine,
    /// What a write is guarded by: the revision of the last one.
    pub(crate) guard: i64,
    created: i64,
    /// The store's revision at the read.
    pub(crate) revision: i64,
}

impl Storage {
    /// A machine by a linearizable read of etcd: what every server has acknowledged is in it.
    ///
    /// # Errors
    /// [`StorageError::NotFound`]; trouble of etcd.
    pub async fn fresh_machine(&self, serial: &str) -> Result<Arc<crate::MachineEntry>, StorageError> {
        let fresh = self.fresh(serial).await?;
        let entry = crate::MachineEntry::new(fresh.machine, fresh.guard, fresh.created);
        entry.map(Arc::new).map_err(StorageError::encode)
    }

    pub(crate) async fn fresh(&self, serial: &str) -> Result<Fresh, StorageError> {
        let not_found = || StorageError::not_found("machine", serial);
        if !keys::is_segment(serial) {
            return Err(not_found());
        }
        let key = keys::machine(serial);
        let read = self.etcd().get_with_revision(&key).await;
        let (kv, revision) = read.map_err(StorageError::etcd("reading a machine"))?;
        let kv = kv.ok_or_else(not_found)?;
        if self.is_unfinished(&kv).await? {
            return Err(not_found());
        }
        let machine = decode_stored(&kv.value).map_err(|e| StorageError::unreadable(&key, e))?;
        Ok(Fresh {
            machine,
            guard: kv.mod_revision,
            created: kv.create_revision,
            revision,
        })
    }

    /// True when a stored machine belongs to a registration that is not finished, so that it is not there yet.
    async fn is_unfinished(&self, kv: &Kv) -> Result<bool, StorageError> {
        let serial = &kv.key[keys::MACHINES.len()..];
        let known = self
            .inner
            .world
            .read()
            .index
            .get(serial)
            .map(|entry| entry.create_revision);
        if known == Some(kv.create_revision) {
            return Ok(false);
        }
        // Unknown here: either it is hidden, or this server has not heard of it yet.
        self.wait_for_revision(kv.mod_revision).await?;
        Ok(self.inner.world.read().hidden.contains(serial))
    }
}
