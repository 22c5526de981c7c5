//! The steps forward: claiming racks, writing machines, committing.

use super::drive::{Done, Journal, Seen, kvs};
use super::layout::{self, Ending, Record, Step};
use crate::audit::AuditDraft;
use crate::{StorageError, keys};
use neco_etcd::Txn;
use sabakan_model::{AuditCategory, GoTime, Machine, RackUsage, decode_stored, to_go_json};
use std::collections::BTreeMap;

/// Which places a registration takes, by rack, in the order of assignment.
pub(super) type Places = BTreeMap<u64, Vec<u64>>;

/// The racks of claim `n`.
fn racks_of(places: &Places, n: u32) -> impl Iterator<Item = (&u64, &Vec<u64>)> {
    places
        .iter()
        .skip(n as usize * layout::RACKS_PER_CLAIM)
        .take(layout::RACKS_PER_CLAIM)
}

impl Journal {
    /// The racks of claim `n` with the journal's places in them.
    pub(super) async fn claimed(&mut self, seen: &Seen, n: u32) -> Result<Places, StorageError> {
        let places = self.places(seen.observed.header.parts).await?;
        Ok(racks_of(&places, n)
            .map(|(rack, indices)| (*rack, indices.clone()))
            .collect())
    }

    /// What the racks have taken, each with the revision to guard on.
    pub(super) async fn usages(&self, racks: &Places) -> Result<Vec<(u64, RackUsage, i64)>, StorageError> {
        let txn = racks
            .keys()
            .fold(Txn::new(), |txn, rack| txn.get(keys::node_indices(*rack)));
        let outcome = self
            .storage
            .etcd()
            .commit(txn)
            .await
            .map_err(StorageError::etcd("reading the racks' indices"))?;
        let answers = outcome.responses.into_iter().map(|r| kvs(r).into_iter().next());
        racks
            .keys()
            .zip(answers)
            .map(|(rack, kv)| decode_usage(*rack, kv))
            .collect()
    }

    pub(super) async fn claim(&mut self, seen: &Seen, n: u32) -> Result<Done, StorageError> {
        let wanted = self.claimed(seen, n).await?;
        let claim = layout::claim_key(&self.id, n);
        let mut txn = self.guarded(seen).if_absent(&claim).put(&claim, claim_value(&wanted)?);
        for (rack, mut usage, revision) in self.usages(&wanted).await? {
            let indices = wanted.get(&rack).map(Vec::as_slice).unwrap_or_default();
            if let Some(index) = indices.iter().find(|i| usage.taken().contains(i)) {
                let reason = format!("index {index} in rack {rack} was taken by another registration");
                return self.claim_failed(seen, n, reason).await;
            }
            usage.0.get_or_insert_default().extend(indices);
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
            .map_err(StorageError::etcd("claiming racks"))?;
        self.tell(outcome.succeeded, Step::Claimed(n));
        Ok(Done::Look)
    }

    /// An index is taken: by another registration, or by this one through another server that was faster.
    async fn claim_failed(&self, seen: &Seen, n: u32, reason: String) -> Result<Done, StorageError> {
        const OP: &str = "looking at a claim";
        let key = layout::claim_key(&self.id, n);
        let txn = self.guarded(seen).if_absent(key);
        let outcome = self.storage.etcd().commit(txn).await.map_err(StorageError::etcd(OP))?;
        Ok(if outcome.succeeded {
            Done::Conflict { reason, again: true }
        } else {
            Done::Look
        })
    }

    pub(super) async fn write(&mut self, seen: &Seen, n: u32) -> Result<Done, StorageError> {
        let machines = self.part(n).await?;
        let chunk = layout::chunk_key(&self.id, n);
        // The chunk's key comes before its machines, so that followers know that they are hidden.
        let mut txn = self
            .guarded(seen)
            .if_absent(&chunk)
            .put(&chunk, chunk_value(machines.len())?);
        txn = txn.if_mod_revision(keys::IPAM, seen.observed.header.ipam_revision);
        for machine in machines.iter() {
            let key = keys::machine(&machine.spec.serial);
            let value = to_go_json(machine).map_err(StorageError::encode)?;
            txn = txn.if_absent(&key).put(key, value);
        }
        let outcome = self
            .storage
            .etcd()
            .commit(txn)
            .await
            .map_err(StorageError::etcd("storing machines"))?;
        self.tell(outcome.succeeded, Step::Wrote(n));
        if outcome.succeeded {
            Ok(Done::Look)
        } else {
            self.write_failed(seen, &chunk, &machines).await
        }
    }

    /// Why a chunk was not written: a conflict, or nothing that matters.
    async fn write_failed(&self, seen: &Seen, chunk: &str, machines: &[Machine]) -> Result<Done, StorageError> {
        const OP: &str = "looking for conflicting machines";
        let mut txn = self.guarded(seen).if_absent(chunk).get(keys::IPAM);
        for machine in machines {
            txn = txn.get(keys::machine(&machine.spec.serial));
        }
        let outcome = self.storage.etcd().commit(txn).await.map_err(StorageError::etcd(OP))?;
        if !outcome.succeeded {
            return Ok(Done::Look);
        }
        let mut found = outcome.responses.into_iter().map(|r| kvs(r).into_iter().next());
        let ipam = found.next().flatten().map_or(0, |kv| kv.mod_revision);
        if ipam != seen.observed.header.ipam_revision {
            return Ok(Done::Conflict {
                reason: "the address formulas were changed meanwhile".to_owned(),
                again: true,
            });
        }
        Ok(match found.flatten().next() {
            Some(kv) => {
                let serial = kv.key.trim_start_matches(keys::MACHINES);
                Done::Conflict {
                    reason: format!("machine {serial} exists already"),
                    again: false,
                }
            }
            None => Done::Look,
        })
    }

    pub(super) async fn commit(&mut self, seen: &Seen) -> Result<Done, StorageError> {
        let mut serials = Vec::new();
        for part in 0..seen.observed.header.parts {
            serials.extend(self.part(part).await?.iter().map(|m| m.spec.serial.clone()));
        }
        let draft = AuditDraft::new(AuditCategory::MACHINES, "", "register", serials.join("\n"));
        let txn = self.closing(seen, Ending::Committed)?;
        let actor = seen.observed.header.actor();
        let outcome = self
            .storage
            .commit_audited_at(&actor, &draft, &txn, seen.revision)
            .await?;
        self.tell(outcome.succeeded, Step::Committed);
        Ok(Done::Look)
    }

    /// Deletes the journal and leaves word of its end.
    pub(super) fn closing(&self, seen: &Seen, result: Ending) -> Result<Txn, StorageError> {
        let header = &seen.observed.header;
        let at = GoTime::utc(self.storage.now());
        let record = Record {
            writer: header.writer.clone(),
            reader: layout::LAYOUT,
            at,
            result,
        };
        let value = to_go_json(&record).map_err(StorageError::encode)?;
        Ok(self
            .guarded(seen)
            .delete_prefix(layout::inside(&self.id))
            .delete(layout::header_key(&self.id))
            .put(layout::result_key(&self.id), value))
    }
}

fn decode_usage(rack: u64, kv: Option<neco_etcd::Kv>) -> Result<(u64, RackUsage, i64), StorageError> {
    let Some(kv) = kv else {
        return Ok((rack, RackUsage::default(), 0));
    };
    let usage = decode_stored(&kv.value).map_err(|e| StorageError::unreadable(&kv.key, e))?;
    Ok((rack, usage, kv.mod_revision))
}

fn claim_value(places: &Places) -> Result<Vec<u8>, StorageError> {
    let value = serde_json::json!({ "writer": crate::WRITER, "reader": layout::LAYOUT, "places": places });
    to_go_json(&value).map_err(StorageError::encode)
}

fn chunk_value(machines: usize) -> Result<Vec<u8>, StorageError> {
    let value = serde_json::json!({ "writer": crate::WRITER, "reader": layout::LAYOUT, "machines": machines });
    to_go_json(&value).map_err(StorageError::encode)
}
