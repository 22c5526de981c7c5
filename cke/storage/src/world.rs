//! All that a decision needs of etcd, read at one revision in one round trip.

use crate::switch::is_on;
use crate::value::{decode, decode_own, number, stored, text};
use crate::{Listing, Storage, StorageError, Stored, Switch, Unreadable, keys, resources};
use cke_model::names::FIRST_CONFIG_VERSION;
use cke_model::{Budget, Cluster, Constraints, Controls, Freeze, RebootEntry, RepairEntry, ResourceDefinition};
use gojson::GoTime;
use neco_etcd::{Kv, Outcome, Response, Txn};

/// What is stored, at one revision.
#[derive(Debug, Clone, PartialEq)]
pub struct World {
    /// The revision.
    pub revision: i64,
    /// The declared cluster; none where there is none, or where it cannot be read.
    pub cluster: Option<Stored<Cluster>>,
    /// The revision of the template that it was generated from; 0 where it was not.
    pub template_revision: i64,
    /// The stored constraints, or the documented defaults.
    pub constraints: Constraints,
    /// The version of how the cluster was built.
    pub config_version: String,
    /// Resources of users, in the order of applying.
    pub resources: Vec<ResourceDefinition>,
    /// Whether the reboot queue is worked on.
    pub reboot_queue_enabled: bool,
    /// Entries of the reboot queue.
    pub reboots: Vec<RebootEntry>,
    /// Whether the repair queue is worked on.
    pub repair_queue_enabled: bool,
    /// Entries of the repair queue.
    pub repairs: Vec<RepairEntry>,
    /// Brake and budget. A brake that cannot be read is on, and a budget that cannot be read is spent.
    pub controls: Controls,
    /// What could not be read and is left out.
    pub unreadable: Vec<Unreadable>,
}

/// Single keys, in the order of [`World`]'s members.
const SINGLE: [&str; 8] = [
    keys::CLUSTER,
    keys::CLUSTER_REVISION,
    keys::CONSTRAINTS,
    keys::CONFIG_VERSION,
    Switch::RebootQueue.key(),
    Switch::RepairQueue.key(),
    keys::FROZEN,
    keys::BUDGET,
];

impl Storage {
    /// Reads it.
    ///
    /// # Errors
    /// Only where etcd does not answer; values that cannot be read are set aside.
    pub async fn world(&self) -> Result<World, StorageError> {
        let txn = SINGLE.iter().fold(Txn::new(), |txn, key| txn.get(*key));
        let txn = [keys::RESOURCES, keys::REBOOTS, keys::REPAIRS]
            .iter()
            .fold(txn, |txn, prefix| txn.get_prefix(*prefix));
        let outcome = self.etcd.commit(txn).await.map_err(StorageError::etcd(keys::CLUSTER))?;
        Ok(Reader::new(outcome).world())
    }
}

/// Takes the answers one after another, and sets aside what cannot be read.
struct Reader {
    revision: i64,
    answers: std::vec::IntoIter<Response>,
    unreadable: Vec<Unreadable>,
}

impl Reader {
    fn new(outcome: Outcome) -> Self {
        Self {
            revision: outcome.revision,
            answers: outcome.responses.into_iter(),
            unreadable: Vec::new(),
        }
    }

    fn world(mut self) -> World {
        World {
            revision: self.revision,
            cluster: self.single(|kv| stored(&kv)),
            template_revision: self.single(number).unwrap_or(0),
            constraints: self
                .single(|kv| decode(&kv))
                .unwrap_or_else(Constraints::documented_defaults),
            config_version: self.single(text).unwrap_or_else(|| FIRST_CONFIG_VERSION.to_owned()),
            reboot_queue_enabled: is_on(self.kvs().first()),
            repair_queue_enabled: is_on(self.kvs().first()),
            controls: self.controls(),
            resources: self.list(resources::listing),
            reboots: self.list(|kvs| Listing::of(kvs, |kv| decode(&kv))),
            repairs: self.list(|kvs| Listing::of(kvs, |kv| decode(&kv))),
            unreadable: self.unreadable,
        }
    }

    fn kvs(&mut self) -> Vec<Kv> {
        match self.answers.next() {
            Some(Response::Kvs(kvs)) => kvs,
            _ => Vec::new(),
        }
    }

    fn single<T>(&mut self, read: impl FnOnce(Kv) -> Result<T, StorageError>) -> Option<T> {
        let kv = self.kvs().into_iter().next()?;
        let key = kv.key.clone();
        match read(kv) {
            Ok(value) => Some(value),
            Err(error) => {
                self.unreadable.push(Unreadable::note(&key, &error));
                None
            }
        }
    }

    fn list<T>(&mut self, read: impl FnOnce(Vec<Kv>) -> Listing<T>) -> Vec<T> {
        let listing = read(self.kvs());
        self.unreadable.extend(listing.unreadable);
        listing.entries
    }

    fn controls(&mut self) -> Controls {
        let brakes = self.kvs();
        let frozen = brakes
            .first()
            .map(|kv| decode_own(kv).unwrap_or_else(|error| self.spoiled_brake(kv, &error)));
        let set = self.kvs();
        let budget = set
            .first()
            .map(|kv| decode_own(kv).unwrap_or_else(|error| self.spoiled_budget(kv, &error)));
        Controls {
            frozen,
            budget: budget.unwrap_or_default(),
        }
    }

    /// Somebody wanted a limit: until it can be read, nothing may be disrupted.
    fn spoiled_budget(&mut self, kv: &Kv, error: &StorageError) -> Budget {
        self.unreadable.push(Unreadable::note(&kv.key, error));
        Budget {
            cluster: Some(0),
            ..Budget::default()
        }
    }

    /// Somebody wanted everything to hold still.
    fn spoiled_brake(&mut self, kv: &Kv, error: &StorageError) -> Freeze {
        self.unreadable.push(Unreadable::note(&kv.key, error));
        Freeze {
            by: "an unreadable value".to_owned(),
            since: GoTime::ZERO,
            why: error.to_string(),
            ..Freeze::default()
        }
    }
}
