//! The service: the state that follows etcd, and the loops that keep the disk in step with it.

mod follow;

use std::{collections::HashMap, sync::Arc, time::Duration};

use neco_etcd::Etcd;
use parking_lot::Mutex as SyncMutex;
use prometheus::Registry;
use tokio::{
    sync::{Mutex, watch},
    task::JoinSet,
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use crate::{
    assets::Assets,
    disk::{DataDir, DiskError, verified::Verified},
    error::FilesError,
    images::Images,
    metrics::Metrics,
    options::Options,
    pull::Puller,
    state::{Part, State},
};
use sabakan_storage::Storage;

/// How long an answer to a writer waits for this server to see what it wrote; etcd's watch takes milliseconds.
const SEE_OWN_WRITE: Duration = Duration::from_secs(5);

/// What images and assets share.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) options: Options,
    pub(crate) etcd: Etcd,
    pub(crate) storage: StorageHandle,
    pub(crate) dir: Arc<DataDir>,
    pub(crate) verified: Verified,
    pub(crate) metrics: Metrics,
    pub(crate) puller: Puller,
    pub(crate) state: watch::Sender<Arc<State>>,
    /// Held while files get or lose their places, so that a removal does not meet an upload that is not yet in etcd.
    pub(crate) places: Mutex<()>,
    /// Since when files are known to be strangers.
    strangers: SyncMutex<HashMap<std::path::PathBuf, Instant>>,
}

/// Audited commits go this way.
#[derive(Clone)]
pub(crate) struct StorageHandle(pub(crate) Storage);

impl std::fmt::Debug for StorageHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Storage")
    }
}

/// Images and assets of one server.
#[derive(Debug, Clone)]
pub struct Files {
    inner: Arc<Inner>,
}

/// Why the service cannot start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The data directory cannot be used.
    #[error("data directory")]
    Disk(#[from] DiskError),
    /// The metrics are registered already.
    #[error("metrics")]
    Metrics(#[from] prometheus::Error),
    /// The client for peers cannot be made.
    #[error("HTTP client")]
    Client(#[from] reqwest::Error),
}

impl Files {
    /// Opens the data directory and takes up the last known state; etcd need not be there. Blocks for a moment.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(options: Options, etcd: Etcd, storage: Storage, registry: &Registry) -> Result<Self, OpenError> {
        let dir = Arc::new(DataDir::open(&options.data_dir, options.min_free)?);
        let metrics = Metrics::register(registry)?;
        let state = follow::last_known(&dir);
        metrics.show(&state);
        let inner = Inner {
            puller: Puller::new(&options)?,
            verified: Verified::load(Arc::clone(&dir)),
            storage: StorageHandle(storage),
            state: watch::Sender::new(Arc::new(state)),
            places: Mutex::new(()),
            strangers: SyncMutex::default(),
            options,
            etcd,
            dir,
            metrics,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The boot images.
    #[must_use]
    pub fn images(&self) -> Images {
        Images::new(Arc::clone(&self.inner))
    }

    /// The assets.
    #[must_use]
    pub fn assets(&self) -> Assets {
        Assets::new(Arc::clone(&self.inner))
    }

    /// Follows etcd and pulls from peers until `stop` is cancelled.
    pub async fn run(self, stop: CancellationToken) {
        let mut tasks = JoinSet::new();
        for part in Part::ALL {
            tasks.spawn(follow::run(Arc::clone(&self.inner), part));
        }
        tasks.spawn(follow::keep_copy(Arc::clone(&self.inner)));
        tasks.spawn(self.images().keep_in_step());
        tasks.spawn(self.assets().keep_in_step());
        tokio::select! {
            () = stop.cancelled() => {}
            ended = tasks.join_next() => tracing::error!(?ended, "a loop of images and assets ended"),
        }
        tasks.shutdown().await;
    }
}

impl Inner {
    /// The state as it is known now.
    pub(crate) fn now(&self) -> Arc<State> {
        Arc::clone(&self.state.borrow())
    }

    /// Changes the state and tells who waits for it.
    pub(crate) fn change(&self, change: impl FnOnce(&mut State)) {
        self.state.send_modify(|state| change(Arc::make_mut(state)));
        self.metrics.show(&self.now());
    }

    /// Waits until this server has seen `revision`, so that who wrote reads what it wrote.
    pub(crate) async fn see(&self, part: Part, revision: i64) {
        let mut state = self.state.subscribe();
        let seen = state.wait_for(|state| state.revision(part) >= revision);
        if tokio::time::timeout(SEE_OWN_WRITE, seen).await.is_err() {
            tracing::warn!(revision, "this server lags behind etcd");
        }
    }

    /// Counts a full disk.
    pub(crate) fn count_full(&self, error: FilesError) -> FilesError {
        if let FilesError::Disk(disk) = &error
            && disk.is_full()
        {
            self.metrics.disk_full.inc();
            tracing::error!(error = %disk, "not stored; what is there stays");
        }
        error
    }

    /// Whether a file that etcd does not know has been a stranger for long enough to be removed.
    pub(crate) fn has_outstayed(&self, path: &std::path::Path) -> bool {
        let since = *self
            .strangers
            .lock()
            .entry(path.to_owned())
            .or_insert_with(Instant::now);
        since.elapsed() >= self.options.orphan_grace
    }

    /// The same for a path that may be none: it is a stranger only `if` so.
    pub(crate) fn has_outstayed_if(&self, stranger: bool, path: &std::path::Path) -> bool {
        if !stranger {
            self.strangers.lock().remove(path);
        }
        stranger && self.has_outstayed(path)
    }

    /// Runs `work` on a blocking thread.
    pub(crate) async fn blocking<T, W>(self: &Arc<Self>, work: W) -> Result<T, FilesError>
    where
        T: Send + 'static,
        W: FnOnce(&Self) -> Result<T, FilesError> + Send + 'static,
    {
        let inner = Arc::clone(self);
        tokio::task::spawn_blocking(move || work(&inner))
            .await
            .map_err(FilesError::internal)?
    }

    /// Shows the room on the disk.
    pub(crate) fn show_room(&self) {
        if let Ok(free) = self.dir.free() {
            self.metrics.disk_free.set(i64::try_from(free).unwrap_or(i64::MAX));
        }
    }
}
