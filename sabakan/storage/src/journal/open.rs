//! Beginning a registration: placing the machines, and writing the header and the parts.

use super::drive::Journal;
use super::layout::{self, Ending, Header, Phase, Step};
use crate::audit::Actor;
use crate::{Storage, StorageError, keys};
use neco_etcd::Txn;
use sabakan_model::rack::{AssignError, assign};
use sabakan_model::{GoTime, IpamConfig, Machine, RackUsage, decode_stored, to_go_json};
use std::collections::{BTreeMap, BTreeSet};

/// Bytes of parts written at once.
const BYTES_PER_WRITE: usize = 1_200_000;

/// The machines of a part with their value.
type Portion = (Vec<Machine>, Vec<u8>);

/// How often a registration begins anew when others took the places that it had chosen.
const ATTEMPTS: u32 = 5;

impl Storage {
    /// Registers more machines than one transaction holds. A client that goes away does not stop it.
    pub(crate) async fn register_by_journal(&self, actor: &Actor, machines: Vec<Machine>) -> Result<i64, StorageError> {
        let (storage, actor) = (self.clone(), actor.clone());
        let work = tokio::spawn(async move { storage.register_in_attempts(&actor, machines).await });
        work.await
            .map_err(|e| StorageError::Internal(format!("a registration ended early: {e}")))?
    }

    async fn register_in_attempts(&self, actor: &Actor, machines: Vec<Machine>) -> Result<i64, StorageError> {
        for _ in 0..ATTEMPTS {
            match self.register_once(actor, machines.clone()).await? {
                (Ending::Committed, revision) => return Ok(revision),
                (Ending::RolledBack { again: true, .. }, _) => {}
                (Ending::RolledBack { reason, .. }, _) => return Err(StorageError::Conflict(reason)),
            }
        }
        Err(StorageError::Contention {
            op: "registering machines",
            attempts: ATTEMPTS,
        })
    }

    async fn register_once(&self, actor: &Actor, machines: Vec<Machine>) -> Result<(Ending, i64), StorageError> {
        self.begin(actor, machines).await?.drive().await
    }

    /// Places the machines and writes the journal, up to the point from which any server can go on.
    pub(super) async fn begin(&self, actor: &Actor, mut machines: Vec<Machine>) -> Result<Journal, StorageError> {
        let racks: BTreeSet<_> = machines.iter().map(|m| m.spec.rack).collect();
        let (ipam, ipam_revision) = self.stored_ipam().await?;
        let mut usages = self.stored_usages(&racks).await?;
        assign(&mut machines, &mut usages, &ipam).map_err(refused)?;
        let (id, parts) = (self.new_id(), split(machines)?);
        let header = Header {
            writer: crate::WRITER.to_owned(),
            reader: layout::LAYOUT,
            opened: GoTime::utc(self.now()),
            phase: Phase::Writing,
            parts: count(parts.len()),
            claims: count(racks.len().div_ceil(layout::RACKS_PER_CLAIM)),
            ipam_revision,
            user: actor.user.clone(),
            ip: actor.ip.clone(),
            host: actor.host.clone(),
            request_id: actor.request_id.clone(),
        };
        let mut journal = Journal::new(self.clone(), id);
        journal.open(&header, parts).await?;
        Ok(journal)
    }

    /// The address formulas with their revision.
    pub(crate) async fn stored_ipam(&self) -> Result<(IpamConfig, i64), StorageError> {
        let kv = self
            .etcd()
            .get(keys::IPAM)
            .await
            .map_err(StorageError::etcd("reading the address formulas"))?;
        let kv = kv.ok_or_else(no_ipam)?;
        let ipam = decode_stored(&kv.value).map_err(|e| StorageError::unreadable(keys::IPAM, e))?;
        Ok((ipam, kv.mod_revision))
    }

    async fn stored_usages(&self, racks: &BTreeSet<u64>) -> Result<BTreeMap<u64, RackUsage>, StorageError> {
        let all = self.etcd().read_prefix(keys::NODE_INDICES).await;
        let all = all.map_err(StorageError::etcd("reading the racks' indices"))?;
        let mut usages = BTreeMap::new();
        for kv in all.kvs {
            let rack = kv.key[keys::NODE_INDICES.len()..].parse();
            let Some(rack) = rack.ok().filter(|rack| racks.contains(rack)) else {
                continue;
            };
            usages.insert(
                rack,
                decode_stored(&kv.value).map_err(|e| StorageError::unreadable(&kv.key, e))?,
            );
        }
        Ok(usages)
    }

    /// A name that sorts by time and that no other server makes.
    fn new_id(&self) -> String {
        format!("{:016x}-{:08x}", self.now().as_microsecond(), rand::random::<u32>())
    }
}

impl Journal {
    /// Writes the header, the parts, and at last that they are complete.
    async fn open(&mut self, header: &Header, parts: Vec<Portion>) -> Result<(), StorageError> {
        let key = layout::header_key(&self.id);
        let txn = Txn::new()
            .if_absent(&key)
            .if_mod_revision(keys::IPAM, header.ipam_revision);
        let guard = self.put_or_give_up(txn.put(&key, encode(header)?)).await?;
        self.tell(true, Step::Opened);
        let mut writes = 0;
        let (mut txn, mut bytes) = (Txn::new().if_mod_revision(&key, guard), 0);
        for (n, (machines, value)) in parts.into_iter().enumerate() {
            if bytes + value.len() > BYTES_PER_WRITE {
                self.put_or_give_up(std::mem::replace(&mut txn, Txn::new().if_mod_revision(&key, guard)))
                    .await?;
                bytes = 0;
                writes += 1;
                self.tell(true, Step::PartsWritten(writes));
            }
            bytes += value.len();
            txn = txn.put(layout::part_key(&self.id, count(n)), value);
            self.remember(count(n), machines);
        }
        match self
            .put_or_give_up(txn.put(&key, encode(&header.with_phase(Phase::Forward))?))
            .await
        {
            Ok(_) => self.tell(true, Step::Forward),
            // From here on any server may go on: whether it is so, the next look shows.
            Err(StorageError::Etcd { source, .. }) if source.is_ambiguous() => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Nothing is promised yet, so trouble here ends the call; others take back what was written.
    async fn put_or_give_up(&self, txn: Txn) -> Result<i64, StorageError> {
        const OP: &str = "writing a registration";
        let outcome = self.storage.etcd().commit(txn).await.map_err(StorageError::etcd(OP))?;
        if outcome.succeeded {
            Ok(outcome.revision)
        } else {
            Err(StorageError::Contention { op: OP, attempts: 1 })
        }
    }
}

/// Cuts the machines into parts, each with its value.
fn split(machines: Vec<Machine>) -> Result<Vec<Portion>, StorageError> {
    let (mut parts, mut part, mut texts, mut bytes) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for machine in machines {
        let text = to_go_json(&machine).map_err(StorageError::encode)?;
        if part.len() == layout::MACHINES_PER_PART || (bytes + text.len() > layout::BYTES_PER_PART && !part.is_empty())
        {
            parts.push((std::mem::take(&mut part), array(&std::mem::take(&mut texts))));
            bytes = 0;
        }
        bytes += text.len() + 1;
        part.push(machine);
        texts.push(text);
    }
    parts.push((part, array(&texts)));
    Ok(parts)
}

fn array(texts: &[Vec<u8>]) -> Vec<u8> {
    [b"[".as_slice(), &texts.join(b",".as_slice()), b"]"].concat()
}

fn encode(header: &Header) -> Result<Vec<u8>, StorageError> {
    to_go_json(header).map_err(StorageError::encode)
}

/// Counts of parts and racks; a call has at most some thousands of machines.
fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

pub(crate) fn no_ipam() -> StorageError {
    StorageError::Conflict(
        "the address formulas (ipam) are not set: put them before machines are registered".to_owned(),
    )
}

/// A registration that the racks do not allow.
pub(crate) fn refused(error: AssignError) -> StorageError {
    use std::error::Error;
    let text = match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    };
    match error {
        AssignError::BootTaken { .. } | AssignError::Full { .. } => StorageError::Conflict(text),
        AssignError::Doubled(_) | AssignError::Place { .. } => StorageError::BadRequest(text),
    }
}
