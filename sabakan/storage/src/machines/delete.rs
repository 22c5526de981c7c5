//! Deleting a machine and freeing its place.

use super::ATTEMPTS;
use crate::answer::first_kv;
use crate::audit::{Actor, AuditDraft};
use crate::{Storage, StorageError, keys};
use neco_etcd::Txn;
use sabakan_model::{AuditCategory, MachineState, RackUsage, decode_stored, to_go_json};

impl Storage {
    /// Deletes a retired machine; its index in the rack is free again. Returns the revision.
    ///
    /// # Errors
    /// [`StorageError::WrongState`] when it is not retired.
    pub async fn delete_machine(&self, actor: &Actor, serial: &str) -> Result<i64, StorageError> {
        let draft = AuditDraft::new(AuditCategory::MACHINES, serial, "delete", "");
        let key = keys::machine(serial);
        for _ in 0..ATTEMPTS {
            let fresh = self.fresh(serial).await?;
            if fresh.machine.status.state != MachineState::Retired {
                return Err(StorageError::WrongState {
                    serial: serial.to_owned(),
                    state: fresh.machine.status.state.to_string(),
                    reason: "non-retired machine cannot be deleted",
                });
            }
            let txn = Txn::new().if_mod_revision(&key, fresh.guard).delete(&key);
            let txn = txn.join(
                self.release(fresh.machine.spec.rack, fresh.machine.spec.index_in_rack)
                    .await?,
            );
            let outcome = self.commit_audited_at(actor, &draft, &txn, fresh.revision).await?;
            if outcome.succeeded {
                return Ok(outcome.revision);
            }
        }
        Err(StorageError::Contention {
            op: "deleting a machine",
            attempts: ATTEMPTS,
        })
    }

    /// What frees an index of a rack, under a guard on the rack's list.
    async fn release(&self, rack: u64, index: u64) -> Result<Txn, StorageError> {
        let key = keys::node_indices(rack);
        let outcome = self.etcd().commit(Txn::new().get(&key)).await;
        let outcome = outcome.map_err(StorageError::etcd("reading a rack's indices"))?;
        let Some(kv) = first_kv(&outcome, 0) else {
            return Ok(Txn::new().if_absent(key));
        };
        let mut usage: RackUsage = decode_stored(&kv.value).map_err(|e| StorageError::unreadable(&key, e))?;
        let guard = Txn::new().if_mod_revision(&key, kv.mod_revision);
        if !usage.release(index) {
            tracing::warn!(rack, index, "the index of a machine was not in its rack's list");
            return Ok(guard);
        }
        Ok(guard.put(&key, to_go_json(&usage).map_err(StorageError::encode)?))
    }
}
