//! The version of the data, and bringing older data up to it.
//!
//! Two servers may start at once: whoever converts holds the lock that the original uses, and every step is guarded by that
//! lock, by the version key and by the revisions of what it read.

mod to2;
mod to3;

use crate::{StorageError, keys};
use neco_etcd::{Etcd, Guard, Txn};
use std::time::Duration;

/// The version that this program reads and writes.
pub(crate) const CURRENT: &str = "3";

/// A conversion of which another server did a step meanwhile begins anew; so often.
const ATTEMPTS: u32 = 32;

/// A server that stops in the middle of a conversion holds the others up for so long.
const LOCK_TTL: Duration = Duration::from_secs(60);

/// What holds as long as nobody else converts.
pub(crate) struct Version {
    /// Revision of the version's key.
    /// 0: there is no key, the data is older than the key.
    guard: i64,
    /// That this server holds the lock.
    lock: Guard,
}

impl Version {
    /// A transaction that happens only at this version, while this server holds the lock.
    fn guarded(&self) -> Txn {
        Txn::new()
            .if_mod_revision(keys::VERSION, self.guard)
            .guard(self.lock.clone())
    }
}

/// Brings the data to [`CURRENT`]; a new store gets that version at once.
pub(crate) async fn upgrade(etcd: &Etcd) -> Result<(), StorageError> {
    if version(etcd).await?.0 == CURRENT {
        return Ok(());
    }
    let election = etcd.election(keys::SCHEMA_LOCK, crate::WRITER, LOCK_TTL);
    let lead = election
        .campaign()
        .await
        .map_err(StorageError::etcd("waiting for the schema's lock"))?;
    let done = upgrade_locked(etcd, &lead.guard()).await;
    if let Err(error) = lead.resign().await {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "the schema's lock is left to expire"
        );
    }
    done
}

async fn upgrade_locked(etcd: &Etcd, lock: &Guard) -> Result<(), StorageError> {
    for _ in 0..ATTEMPTS {
        let (text, guard) = version(etcd).await?;
        let version = Version {
            guard,
            lock: lock.clone(),
        };
        let advanced = match text.as_str() {
            CURRENT => return Ok(()),
            "" => commit(etcd, version.guarded().put(keys::VERSION, CURRENT)).await?,
            "1" => to2::convert(etcd, &version).await?,
            "2" => to3::convert(etcd, &version).await?,
            other => {
                return Err(StorageError::Schema {
                    found: other.to_owned(),
                    ours: CURRENT,
                });
            }
        };
        if advanced {
            tracing::info!(from = text, "converted the data to the next schema version");
        }
    }
    Err(StorageError::Contention {
        op: "converting the schema",
        attempts: ATTEMPTS,
    })
}

/// The version with the revision of its key: of data without a key, `1` when there are address formulas, else empty.
async fn version(etcd: &Etcd) -> Result<(String, i64), StorageError> {
    const OP: &str = "reading the schema version";
    let outcome = etcd
        .commit(Txn::new().get(keys::VERSION).get(keys::IPAM))
        .await
        .map_err(StorageError::etcd(OP))?;
    if let Some(kv) = crate::answer::first_kv(&outcome, 0) {
        return Ok((String::from_utf8_lossy(&kv.value).into_owned(), kv.mod_revision));
    }
    let text = if crate::answer::first_kv(&outcome, 1).is_some() {
        "1"
    } else {
        ""
    };
    Ok((text.to_owned(), 0))
}

async fn commit(etcd: &Etcd, txn: Txn) -> Result<bool, StorageError> {
    let outcome = etcd
        .commit(txn)
        .await
        .map_err(StorageError::etcd("converting the schema"))?;
    Ok(outcome.succeeded)
}
