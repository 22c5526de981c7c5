//! The handle that everything else of sabakan holds: opening, running, and what is known without asking etcd.

mod background;
mod metrics;

use crate::boot_log::BootLog;
use crate::world::World;
use crate::{MachineEntry, StorageError, StorageOptions, mirror, schema};
use jiff::Timestamp;
use neco_etcd::{Etcd, Watch};
use parking_lot::{Mutex, RwLock};
use sabakan_model::{Query, SiteConfig};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub(crate) use metrics::Metrics;

/// After this time without an answer of etcd, what is in memory counts as old.
const STALE_AFTER: Duration = Duration::from_secs(5);

/// How long an answer to a write waits for the own view; usually that takes a millisecond.
const SETTLE: Duration = Duration::from_secs(1);

/// sabakan's state. Cloning it is cheap.
#[derive(Clone)]
pub struct Storage {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) etcd: Etcd,
    pub(crate) options: StorageOptions,
    pub(crate) world: RwLock<World>,
    /// Everything up to this revision is in `world`.
    pub(crate) applied: watch::Sender<i64>,
    pub(crate) site: watch::Sender<SiteConfig>,
    /// When etcd last answered.
    pub(crate) heard: Mutex<Instant>,
    pub(crate) metrics: Metrics,
    pub(crate) boot_log: BootLog,
    progress: neco_etcd::Progress,
    /// Unfinished registrations: their last activity, and since when nothing happened.
    pub(crate) journals_seen: Mutex<HashMap<String, (u64, Instant)>>,
    /// True while the world follows etcd.
    following: AtomicBool,
    /// The watch from the revision of the load on, until `run` takes it.
    watch: Mutex<Option<Watch>>,
}

impl std::fmt::Debug for Storage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Storage")
            .field("revision", &self.revision())
            .finish_non_exhaustive()
    }
}

impl Storage {
    /// Converts the data to the present schema if need be, and loads the state of etcd.
    ///
    /// # Errors
    /// When etcd is away, or holds a schema that this version does not know.
    pub async fn open(etcd: Etcd, options: StorageOptions) -> Result<Storage, StorageError> {
        schema::upgrade(&etcd).await?;
        let began = Instant::now();
        let (world, revision) = mirror::load(&etcd).await?;
        tracing::info!(
            revision,
            machines = world.index.len(),
            unreadable = world.unreadable.len(),
            duration_ms = began.elapsed().as_millis(),
            "loaded the state of etcd"
        );
        let watch = etcd.watch("", revision);
        let metrics = Metrics::new();
        metrics.observe(&world);
        let inner = Inner {
            site: watch::Sender::new(world.site()),
            boot_log: BootLog::new(options.boot_log),
            applied: watch::Sender::new(revision),
            heard: Mutex::new(Instant::now()),
            journals_seen: Mutex::default(),
            following: AtomicBool::new(false),
            progress: watch.progress(),
            watch: Mutex::new(Some(watch)),
            world: RwLock::new(world),
            etcd,
            options,
            metrics,
        };
        Ok(Storage { inner: Arc::new(inner) })
    }

    /// Follows etcd and does the work in the background, until it is cancelled.
    pub async fn run(self, stop: CancellationToken) {
        let watch = self.inner.watch.lock().take();
        let Some(watch) = watch else {
            tracing::error!("the storage runs already");
            return;
        };
        self.inner.following.store(true, Ordering::Relaxed);
        tokio::join!(
            mirror::follow(Arc::clone(&self.inner), watch, stop.clone()),
            self.keep_house(stop.clone()),
            self.write_boot_log(stop),
        );
    }

    /// etcd, for state that is kept elsewhere.
    #[must_use]
    pub fn etcd(&self) -> &Etcd {
        &self.inner.etcd
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.inner.options.clock)()
    }

    /// The configurations, and word of each change of them.
    #[must_use]
    pub fn site(&self) -> watch::Receiver<SiteConfig> {
        self.inner.site.subscribe()
    }

    /// The revision of etcd up to which everything is known here.
    #[must_use]
    pub fn revision(&self) -> i64 {
        *self.inner.applied.borrow()
    }

    /// The revision, and word of each advance: what is known may have changed.
    #[must_use]
    pub fn revisions(&self) -> watch::Receiver<i64> {
        self.inner.applied.subscribe()
    }

    /// Waits until everything up to `revision` is known here: then one's own write, on whichever server, is seen.
    ///
    /// # Errors
    /// [`StorageError::Behind`], when it takes longer than the options allow.
    pub async fn wait_for_revision(&self, revision: i64) -> Result<(), StorageError> {
        let mut applied = self.inner.applied.subscribe();
        let reached = async {
            while *applied.borrow_and_update() < revision {
                // A write under another prefix brings no event: after a moment etcd is asked how far the watch is.
                match tokio::time::timeout(Duration::from_millis(20), applied.changed()).await {
                    Ok(_) => {}
                    Err(_) => self.inner.progress.request(),
                }
            }
        };
        let in_time = tokio::time::timeout(self.inner.options.catch_up, reached).await;
        in_time.map_err(|_| StorageError::Behind {
            wanted: revision,
            seen: self.revision(),
        })
    }

    /// After an own write: lets the own view catch up, so that the same client finds what it wrote. It is a courtesy: a
    /// view that does not follow, or lags, does not hold the answer up.
    pub(crate) async fn settle(&self, revision: i64) {
        if self.inner.following.load(Ordering::Relaxed) {
            let _ = tokio::time::timeout(SETTLE, self.wait_for_revision(revision)).await;
        }
    }

    /// How long etcd has not answered, when that is so long that what is known here may be old.
    #[must_use]
    pub fn stale_for(&self) -> Option<Duration> {
        Some(self.inner.heard.lock().elapsed()).filter(|silence| *silence > STALE_AFTER)
    }

    /// A machine as known here.
    #[must_use]
    pub fn machine(&self, serial: &str) -> Option<Arc<MachineEntry>> {
        self.inner.world.read().index.get(serial).cloned()
    }

    /// Machines that match, sorted by serial.
    #[must_use]
    pub fn search(&self, query: &Query) -> Vec<Arc<MachineEntry>> {
        self.inner.world.read().index.search(query, self.now())
    }

    /// The number of machines.
    #[must_use]
    pub fn machine_count(&self) -> usize {
        self.inner.world.read().index.len()
    }

    /// Keys whose values cannot be read, and why.
    #[must_use]
    pub fn unreadable(&self) -> Vec<(String, String)> {
        self.inner
            .world
            .read()
            .unreadable
            .iter()
            .map(|(key, why)| (key.clone(), why.clone()))
            .collect()
    }
}
