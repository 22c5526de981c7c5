//! The steps back: deleting machines, freeing racks, closing.

use super::drive::{Done, Journal, Seen, kvs};
use super::layout::{self, Ending, Phase, Step};
use crate::{StorageError, keys};
use neco_etcd::Txn;
use sabakan_model::to_go_json;

impl Journal {
    /// Deletes the machines of chunk `n`: those that came into being with it, whatever was changed in them since.
    pub(super) async fn unwrite(&mut self, seen: &Seen, n: u32) -> Result<Done, StorageError> {
        let machines = self.part(n).await?;
        let chunk = layout::chunk_key(&self.id, n);
        let mut look = Txn::new().get(&chunk);
        for machine in machines.iter() {
            look = look.get(keys::machine(&machine.spec.serial));
        }
        let outcome = self
            .storage
            .etcd()
            .commit(look)
            .await
            .map_err(StorageError::etcd("reading a chunk"))?;
        let mut found = outcome.responses.into_iter().map(|r| kvs(r).into_iter().next());
        let Some(created) = found.next().flatten().map(|kv| kv.create_revision) else {
            return Ok(Done::Look);
        };
        let mut txn = self.guarded(seen).if_exists(&chunk);
        for kv in found.flatten().filter(|kv| kv.create_revision == created) {
            txn = txn.if_create_revision(&kv.key, created).delete(kv.key);
        }
        // Followers show what is left of a chunk when its key goes, so that comes last.
        let outcome = self.storage.etcd().commit(txn.delete(&chunk)).await;
        let outcome = outcome.map_err(StorageError::etcd("deleting machines"))?;
        self.tell(outcome.succeeded, Step::Unwrote(n));
        Ok(Done::Look)
    }

    pub(super) async fn unclaim(&mut self, seen: &Seen, n: u32) -> Result<Done, StorageError> {
        let held = self.claimed(seen, n).await?;
        let claim = layout::claim_key(&self.id, n);
        let mut txn = self.guarded(seen).if_exists(&claim).delete(&claim);
        for (rack, mut usage, revision) in self.usages(&held).await? {
            for index in held.get(&rack).into_iter().flatten() {
                usage.release(*index);
            }
            let value = to_go_json(&usage).map_err(StorageError::encode)?;
            txn = txn
                .if_mod_revision(keys::node_indices(rack), revision)
                .put(keys::node_indices(rack), value);
        }
        let outcome = self
            .storage
            .etcd()
            .commit(txn)
            .await
            .map_err(StorageError::etcd("freeing racks"))?;
        self.tell(outcome.succeeded, Step::Unclaimed(n));
        Ok(Done::Look)
    }

    pub(super) async fn close(&self, seen: &Seen) -> Result<Done, StorageError> {
        let Phase::Back { reason, again } = seen.observed.header.phase.clone() else {
            return Ok(Done::Look);
        };
        let txn = self.closing(seen, Ending::RolledBack { reason, again })?;
        let outcome = self
            .storage
            .etcd()
            .commit(txn)
            .await
            .map_err(StorageError::etcd("closing a registration"))?;
        self.tell(outcome.succeeded, Step::RolledBack);
        Ok(Done::Look)
    }
}
