//! Registering machines, all or none.

use super::ATTEMPTS;
use crate::answer::first_kv;
use crate::audit::{Actor, AuditDraft};
use crate::journal::open::{no_ipam, refused};
use crate::{Storage, StorageError, keys};
use neco_etcd::{Kv, MAX_REQUEST_BYTES, MAX_TXN_OPERATIONS, Outcome, Txn};
use sabakan_model::rack::assign;
use sabakan_model::{AuditCategory, IpamConfig, Machine, MachineSpec, RackUsage, decode_stored, to_go_json};
use std::collections::{BTreeMap, BTreeSet};

/// Machines in one call, at most: the audit entry names all of them and must fit one request.
pub const MAX_MACHINES: usize = 10_000;

/// What the audit entry and the framing of a transaction take.
const RESERVED_BYTES: usize = 64 * 1024;

impl Storage {
    /// Registers machines: all, or none when one cannot be. They get their indices and addresses in the order of the list.
    /// Returns the revision at which they are there.
    ///
    /// # Errors
    /// [`StorageError::BadRequest`] for specifications that can never be registered, [`StorageError::Conflict`] when a serial
    /// is taken or a rack has no room.
    pub async fn register(&self, actor: &Actor, specs: Vec<MachineSpec>) -> Result<i64, StorageError> {
        check(&specs)?;
        if specs.is_empty() {
            return Ok(self.revision());
        }
        let now = self.now();
        let machines: Vec<_> = specs.into_iter().map(|spec| Machine::registered(spec, now)).collect();
        let racks: BTreeSet<_> = machines.iter().map(|m| m.spec.rack).collect();
        // Besides machines and racks: the address formulas, and the audit entry.
        if machines.len() + racks.len() + 2 > MAX_TXN_OPERATIONS {
            return self.register_many(actor, machines).await;
        }
        for _ in 0..ATTEMPTS {
            let (txn, revision) = self.registration(&machines, &racks).await?;
            if txn.bytes(self.etcd().prefix()) + RESERVED_BYTES > MAX_REQUEST_BYTES {
                return self.register_many(actor, machines).await;
            }
            let outcome = self.commit_audited_at(actor, &draft(&machines), &txn, revision).await?;
            if outcome.succeeded {
                return Ok(outcome.revision);
            }
        }
        Err(StorageError::Contention {
            op: "registering machines",
            attempts: ATTEMPTS,
        })
    }

    /// By journal, unless what is known here already speaks against it.
    async fn register_many(&self, actor: &Actor, machines: Vec<Machine>) -> Result<i64, StorageError> {
        let taken = {
            let world = self.inner.world.read();
            machines
                .iter()
                .map(|m| m.spec.serial.as_str())
                .find(|serial| world.index.get(serial).is_some())
                .map(exists)
        };
        match taken {
            // What is known here may be old, so etcd decides.
            Some(conflict) if self.still_conflicts(&machines).await? => Err(conflict),
            _ => self.register_by_journal(actor, machines).await,
        }
    }

    async fn still_conflicts(&self, machines: &[Machine]) -> Result<bool, StorageError> {
        for group in machines.chunks(MAX_TXN_OPERATIONS) {
            let txn = group
                .iter()
                .fold(Txn::new(), |txn, m| txn.get(keys::machine(&m.spec.serial)));
            let outcome = self
                .etcd()
                .commit(txn)
                .await
                .map_err(StorageError::etcd("looking for taken serials"))?;
            if (0..group.len()).any(|at| first_kv(&outcome, at).is_some()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The transaction that registers `machines`, from one read of everything that it depends on.
    async fn registration(&self, machines: &[Machine], racks: &BTreeSet<u64>) -> Result<(Txn, i64), StorageError> {
        let mut read = racks.iter().fold(Txn::new().get(keys::IPAM), |txn, rack| {
            txn.get(keys::node_indices(*rack))
        });
        read = machines
            .iter()
            .fold(read, |txn, m| txn.get(keys::machine(&m.spec.serial)));
        let state = self
            .etcd()
            .commit(read)
            .await
            .map_err(StorageError::etcd("reading racks and serials"))?;
        let found = |at: usize| first_kv(&state, at);
        if let Some(kv) = (0..machines.len()).find_map(|n| found(1 + racks.len() + n)) {
            return Err(exists(&kv.key[keys::MACHINES.len()..]));
        }
        let ipam = found(0).ok_or_else(no_ipam)?;
        let plan: IpamConfig = decode_stored(&ipam.value).map_err(|e| StorageError::unreadable(keys::IPAM, e))?;
        let (mut usages, guards) = usages(&state, racks)?;
        let mut placed = machines.to_vec();
        assign(&mut placed, &mut usages, &plan).map_err(refused)?;
        let mut txn = guards.if_mod_revision(keys::IPAM, ipam.mod_revision);
        for (rack, usage) in &usages {
            txn = txn.put(
                keys::node_indices(*rack),
                to_go_json(usage).map_err(StorageError::encode)?,
            );
        }
        for machine in &placed {
            let key = keys::machine(&machine.spec.serial);
            let value = to_go_json(machine).map_err(StorageError::encode)?;
            txn = txn.if_absent(&key).put(key, value);
        }
        Ok((txn, state.revision))
    }
}

fn check(specs: &[MachineSpec]) -> Result<(), StorageError> {
    if specs.len() > MAX_MACHINES {
        let what = format!("{} machines in one call", specs.len());
        return Err(StorageError::Quota {
            what,
            limit: MAX_MACHINES,
        });
    }
    let mut serials = BTreeSet::new();
    for spec in specs {
        spec.validate().map_err(|e| StorageError::BadRequest(e.to_string()))?;
        if !serials.insert(spec.serial.as_str()) {
            return Err(StorageError::BadRequest(format!(
                "machine {} is listed more than once",
                spec.serial
            )));
        }
    }
    Ok(())
}

/// What the racks have taken, from the answers after the first, and guards on it.
fn usages(state: &Outcome, racks: &BTreeSet<u64>) -> Result<(BTreeMap<u64, RackUsage>, Txn), StorageError> {
    let (mut usages, mut guards) = (BTreeMap::new(), Txn::new());
    for (n, rack) in racks.iter().enumerate() {
        let kv: Option<&Kv> = first_kv(state, 1 + n);
        guards = guards.if_mod_revision(keys::node_indices(*rack), kv.map_or(0, |kv| kv.mod_revision));
        let usage = match kv {
            Some(kv) => decode_stored(&kv.value).map_err(|e| StorageError::unreadable(&kv.key, e))?,
            None => RackUsage::default(),
        };
        usages.insert(*rack, usage);
    }
    Ok((usages, guards))
}

fn exists(serial: &str) -> StorageError {
    StorageError::Conflict(format!("machine {serial} exists already"))
}

fn draft(machines: &[Machine]) -> AuditDraft {
    let serials: Vec<_> = machines.iter().map(|m| m.spec.serial.as_str()).collect();
    AuditDraft::new(AuditCategory::MACHINES, "", "register", serials.join("\n"))
}
