//! What is ours, under `neco/`: the brake, the budget, SSH host keys, and what the running leader is doing and why it waits.

use crate::value::{decode_own, encode_own};
use crate::{ATTEMPTS, Listing, Storage, StorageError, keys};
use cke_model::{Budget, Freeze};
use gojson::{GoTime, StringInt, record};
use neco_etcd::{Guard, Txn};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

record! {
    /// A host key that a node has shown.
    pub struct HostKey {
        /// Address of the node; also in the key.
        "address" address: String,
        /// As in `known_hosts`, without the name.
        "key" key: String,
        /// When it was accepted.
        "at" at: GoTime,
    }
}

record! {
    /// How far the running operation is.
    pub struct OperationProgress {
        /// Number of its record.
        "id" id: StringInt,
        /// Name of the operation.
        "operation" operation: String,
        /// Which step runs, from 1.
        "step" step: i64,
        /// How many steps there are.
        "steps" steps: i64,
        /// Name of the step.
        "name" name: String,
        /// Since when it runs.
        "since" since: GoTime,
        /// Nodes that it touches.
        "nodes" nodes: i64,
        /// Nodes that are done.
        "done" done: i64,
    }
}

impl Storage {
    /// The brake: none while it is off.
    ///
    /// # Errors
    /// See [`StorageError`]. Whoever acts must hold still then, as if it were on.
    pub async fn freeze(&self) -> Result<Option<Freeze>, StorageError> {
        self.kv(keys::FROZEN).await?.as_ref().map(decode_own).transpose()
    }

    /// Pulls the brake. Where it is on already, who pulled it first and why stays.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn put_freeze(&self, freeze: &Freeze) -> Result<bool, StorageError> {
        self.swap(keys::FROZEN, encode_own(keys::FROZEN, freeze)?, 0).await
    }

    /// Releases the brake; false where it was off.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn thaw(&self) -> Result<bool, StorageError> {
        self.etcd
            .delete(keys::FROZEN)
            .await
            .map_err(StorageError::etcd(keys::FROZEN))
    }

    /// How much may be disrupted at once; no limit where nothing is stored.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn budget(&self) -> Result<Budget, StorageError> {
        self.kv(keys::BUDGET)
            .await?
            .map_or(Ok(Budget::default()), |kv| decode_own(&kv))
    }

    /// Changes how much may be disrupted at once, and gives what holds now.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn change_budget(&self, change: impl Fn(&mut Budget)) -> Result<Budget, StorageError> {
        for _ in 0..ATTEMPTS {
            let kv = self.kv(keys::BUDGET).await?;
            let revision = kv.as_ref().map_or(0, |kv| kv.mod_revision);
            let mut budget = kv.map_or(Ok(Budget::default()), |kv| decode_own(&kv))?;
            change(&mut budget);
            if self
                .swap(keys::BUDGET, encode_own(keys::BUDGET, &budget)?, revision)
                .await?
            {
                return Ok(budget);
            }
        }
        Err(StorageError::conflict(keys::BUDGET))
    }

    /// All host keys, by address.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn host_keys(&self) -> Result<Listing<HostKey>, StorageError> {
        Ok(Listing::of(self.prefix(keys::HOST_KEYS).await?, |kv| decode_own(&kv)))
    }

    /// The host key of a node.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn host_key(&self, address: &str) -> Result<Option<HostKey>, StorageError> {
        self.kv(&host_key(address)).await?.as_ref().map(decode_own).transpose()
    }

    /// Keeps the host key of a node.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn put_host_key(&self, leader: &Guard, pinned: &HostKey) -> Result<(), StorageError> {
        let key = host_key(&pinned.address);
        let value = encode_own(&key, pinned)?;
        self.put_as(leader, &key, value).await
    }

    /// Forgets the host key of a node: the next one is taken. False where none was known.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn forget_host_key(&self, address: &str) -> Result<bool, StorageError> {
        let key = host_key(address);
        self.etcd.delete(&key).await.map_err(StorageError::etcd(&key))
    }

    /// How far the running operation is.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn progress(&self) -> Result<Option<OperationProgress>, StorageError> {
        self.kv(keys::PROGRESS).await?.as_ref().map(decode_own).transpose()
    }

    /// Stores how far the running operation is, or that none runs. It goes with the leader's lease.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn put_progress(
        &self,
        leader: &Guard,
        lease: i64,
        progress: Option<&OperationProgress>,
    ) -> Result<(), StorageError> {
        let txn = match progress {
            Some(progress) => Txn::new().put_with_lease(keys::PROGRESS, encode_own(keys::PROGRESS, progress)?, lease),
            None => Txn::new().delete(keys::PROGRESS),
        };
        self.commit_as(leader, keys::PROGRESS, txn).await?;
        Ok(())
    }

    /// The leader's last plan, with what waits and why, as an object whose members the planner knows.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn plan(&self) -> Result<Option<Value>, StorageError> {
        self.kv(keys::PLAN).await?.as_ref().map(decode_own).transpose()
    }

    /// Stores the leader's last plan, an object. It goes with the leader's lease.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn put_plan(&self, leader: &Guard, lease: i64, plan: &Value) -> Result<(), StorageError> {
        let txn = Txn::new().put_with_lease(keys::PLAN, encode_own(keys::PLAN, plan)?, lease);
        self.commit_as(leader, keys::PLAN, txn).await?;
        Ok(())
    }

    /// Since when what waits has waited, an object as the planner writes it; none where no leader has stored it.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn waits<T: DeserializeOwned>(&self) -> Result<Option<T>, StorageError> {
        self.kv(keys::WAITS).await?.as_ref().map(decode_own).transpose()
    }

    /// Stores since when what waits has waited. It stays when the leader goes: the next one carries on.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn put_waits<T: Serialize>(&self, leader: &Guard, waits: &T) -> Result<(), StorageError> {
        let txn = Txn::new().put(keys::WAITS, encode_own(keys::WAITS, waits)?);
        self.commit_as(leader, keys::WAITS, txn).await?;
        Ok(())
    }
}

fn host_key(address: &str) -> String {
    format!("{}{address}", keys::HOST_KEYS)
}
