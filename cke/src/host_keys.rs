//! SSH host keys of nodes, pinned in etcd, and what CKE knows of their boots.

use cke_model::reboot::{RebootEntry, RebootStatus};
use cke_storage::{HostKey, Storage};
use gojson::GoTime;
use jiff::Timestamp;
use neco_etcd::Guard;
use neco_ssh::host_key::{Answer, HostKeyStore, Pinned};
use parking_lot::RwLock;
use std::collections::BTreeMap;

/// Pinned keys under `neco/hostkeys/`; boots as the loop learns of them.
#[derive(Debug)]
pub(crate) struct HostKeys {
    storage: Storage,
    leader: Guard,
    boots: RwLock<BTreeMap<String, Timestamp>>,
}

impl HostKeys {
    pub(crate) fn new(storage: Storage, leader: Guard) -> Self {
        Self {
            storage,
            leader,
            boots: RwLock::default(),
        }
    }

    /// Nodes that CKE has told to reboot, or that sabakan has seen to boot, and when.
    pub(crate) fn saw_boots(&self, boots: impl IntoIterator<Item = (String, Timestamp)>) {
        let mut known = self.boots.write();
        for (address, at) in boots {
            let last = known.entry(address).or_insert(at);
            *last = at.max(*last);
        }
    }

    /// The boots that entries of the reboot queue tell of.
    pub(crate) fn saw_reboots(&self, entries: &[RebootEntry]) {
        let rebooting = entries.iter().filter(|entry| entry.status == RebootStatus::Rebooting);
        self.saw_boots(rebooting.map(|entry| (entry.node.clone(), entry.last_transition_time.instant())));
    }
}

impl HostKeyStore for HostKeys {
    fn pinned<'a>(&'a self, address: &'a str) -> Answer<'a, Option<Pinned>> {
        Box::pin(async move {
            let stored = self.storage.host_key(address).await?;
            Ok(stored.map(|stored| Pinned {
                key: stored.key,
                at: stored.at.instant(),
            }))
        })
    }

    fn pin<'a>(&'a self, address: &'a str, pinned: Pinned) -> Answer<'a, ()> {
        Box::pin(async move {
            let key = HostKey {
                address: address.to_owned(),
                key: pinned.key,
                at: GoTime::utc(pinned.at),
                ..HostKey::default()
            };
            self.storage.put_host_key(&self.leader, &key).await?;
            Ok(())
        })
    }

    fn last_boot<'a>(&'a self, address: &'a str) -> Answer<'a, Option<Timestamp>> {
        let boot = self.boots.read().get(address).copied();
        Box::pin(async move { Ok(boot) })
    }
}
