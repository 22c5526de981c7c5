//! Leaders that are killed in the middle of an operation, and those that follow them.
//!
//! A leader dies (SIGKILL) in the midst of each operation, once; where etcd is founded or gets a member, at each step. What it began on a
//! node may still run when the next one looks. The lease that it leaves would run out by itself; it is ended at once, which saves seconds a death and leaves the next
//! leader less time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use cke_component::catalog;
use cke_model::record::RecordStatus;
use cke_model::{Phase, Record};
use cke_storage::{PREFIX, RecordWatch, Storage};
use jiff::Timestamp;
use neco_etcd::{Config, Etcd};

use crate::site::Site;

/// How long a cluster may take to come to rest while leaders die.
const PATIENCE: Duration = Duration::from_secs(600);
/// How often it is looked whether a condition holds, beside each record.
const LOOK: Duration = Duration::from_millis(100);

/// Operations that must not be begun twice by half.
const DELICATE: [&str; 2] = ["etcd-bootstrap", "etcd-add-member"];

/// Who kills leaders, and where they died.
#[derive(Debug)]
pub struct Succession {
    etcd: Etcd,
    storage: Storage,
    records: RecordWatch,
    /// Steps by operation in which a leader died.
    deaths: BTreeMap<String, BTreeSet<String>>,
    /// The last record that a leader died with.
    last: i64,
}

impl Succession {
    /// Follows the history from now on.
    ///
    /// # Panics
    /// When CKE's etcd does not answer.
    pub async fn new(site: &Site) -> Succession {
        let config = Config {
            endpoints: site.etcd.endpoints(),
            prefix: Some(PREFIX.to_owned()),
            ..Config::default()
        };
        let etcd = Etcd::connect(&config).await.expect("CKE's etcd");
        let storage = Storage::new(etcd.clone());
        let records = storage.records().watch(0).await.expect("the history");
        Succession {
            etcd,
            storage,
            records,
            deaths: BTreeMap::new(),
            last: 0,
        }
    }

    /// Lets leaders die until a look at the cluster that began after this call finds nothing to do, and `done` holds.
    ///
    /// # Panics
    /// When it does not come to that.
    pub async fn until_completed(&mut self, site: &mut Site, what: &str, done: impl Fn(&Site) -> Result<(), String>) {
        let (began, started) = (Timestamp::now(), Instant::now());
        loop {
            tokio::select! {
                record = self.records.next() => self.follow(site, &record.expect("a record")).await,
                () = tokio::time::sleep(LOOK) => {
                    let Err(reason) = self.is_completed(site, began, &done).await else { return };
                    assert!(started.elapsed() < PATIENCE, "waited {PATIENCE:?} for {what}: {reason}");
                }
            }
        }
    }

    /// Lets leaders die until one has died in this operation.
    ///
    /// # Panics
    /// When none does.
    pub async fn until_death_in(&mut self, site: &mut Site, operation: &str) {
        let wait = async {
            while self.deaths.get(operation).is_none_or(BTreeSet::is_empty) {
                let record = self.records.next().await.expect("a record");
                self.follow(site, &record).await;
            }
        };
        let ended = tokio::time::timeout(PATIENCE, wait).await;
        assert!(ended.is_ok(), "waited {PATIENCE:?} for {operation}");
    }

    async fn is_completed(
        &self,
        site: &mut Site,
        began: Timestamp,
        done: &impl Fn(&Site) -> Result<(), String>,
    ) -> Result<(), String> {
        let said = site.cke_says(3);
        assert!(
            site.cke.as_mut().is_some_and(crate::daemon::Daemon::runs),
            "cke ended: {said}"
        );
        let status = self.storage.status().await.expect("the status is read");
        let status = status.ok_or_else(|| format!("no status; cke says {said}"))?;
        let fresh = status.timestamp.instant() > began && status.phase == Phase::Completed.as_str();
        if !fresh {
            return Err(format!(
                "phase {} of {}; cke says {said}",
                status.phase, status.timestamp
            ));
        }
        done(site)
    }

    /// Kills the leader when it is where one is to die.
    async fn follow(&mut self, site: &mut Site, record: &Record) {
        let runs = record.status == RecordStatus::Running && record.id.0 > self.last;
        let step = &record.command.name;
        if !runs || !deadly(&record.operation).contains(&step.as_str()) {
            return;
        }
        let steps = self.deaths.entry(record.operation.clone()).or_default();
        if !steps.insert(step.clone()) {
            return;
        }
        self.last = record.id.0;
        self.replace_leader(site).await;
    }

    /// Kills the leader and starts another.
    ///
    /// # Panics
    /// When none runs.
    pub async fn replace_leader(&mut self, site: &mut Site) {
        site.cke.take().expect("cke runs").kill();
        let left = self.etcd.read_prefix("leader/").await.expect("the leader's key");
        for lease in left.kvs.iter().filter_map(|kv| lease_of(&kv.key)) {
            self.etcd.revoke_lease(lease).await.expect("the lease ends");
        }
        site.start_cke();
    }

    /// How many leaders died.
    #[must_use]
    pub fn deaths(&self) -> usize {
        self.deaths.values().map(BTreeSet::len).sum()
    }

    /// The operations in which leaders died, with the steps.
    #[must_use]
    pub fn operations(&self) -> &BTreeMap<String, BTreeSet<String>> {
        &self.deaths
    }

    /// The phases in which leaders died.
    #[must_use]
    pub fn phases(&self) -> BTreeSet<Phase> {
        let operations = self.deaths.iter().filter(|(_, steps)| !steps.is_empty());
        operations
            .filter_map(|(name, _)| catalog::find(name).map(|entry| entry.phase))
            .collect()
    }
}

/// The steps of an operation in which leaders die.
fn deadly(operation: &str) -> &'static [&'static str] {
    let steps = catalog::find(operation).map_or(&[][..], |entry| entry.steps);
    if DELICATE.contains(&operation) {
        return steps;
    }
    let middle = steps.len() / 2;
    steps.get(middle..=middle).unwrap_or_default()
}

/// The key of a candidate ends with its lease.
fn lease_of(key: &str) -> Option<i64> {
    i64::from_str_radix(key.rsplit('/').next()?, 16).ok()
}
