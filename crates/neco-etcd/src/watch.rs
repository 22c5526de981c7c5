//! Watching a prefix: every change after a revision, in order, each once, whatever happens to members and streams.
//!
//! A background task holds the stream. When it ends, or the active member moves, it is made again from the revision
//! after the last one delivered. When that history is gone (compacted, or etcd was restored from a backup), the consumer
//! gets [`WatchItem::Resync`] with everything that is there now, and the watch goes on after it.

mod stream;
mod task;

use std::sync::Arc;

use tokio::sync::{Notify, mpsc};
use tokio_util::task::AbortOnDropHandle;

use crate::client::Etcd;
use crate::error::Error;
use crate::kv::{Kv, Snapshot};

/// Batches that wait for a slow consumer; beyond it, etcd holds them back.
const QUEUE: usize = 16;

/// A change of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The key was written; created, when its version is 1.
    Put(Kv),
    /// The key was deleted, by somebody or with its lease.
    Delete {
        /// The key.
        key: String,
        /// The revision of the deletion.
        revision: i64,
    },
}

impl Event {
    /// The key that changed.
    pub fn key(&self) -> &str {
        match self {
            Event::Put(kv) => &kv.key,
            Event::Delete { key, .. } => key,
        }
    }

    /// The revision that changed it.
    pub fn revision(&self) -> i64 {
        match self {
            Event::Put(kv) => kv.mod_revision,
            Event::Delete { revision, .. } => *revision,
        }
    }
}

/// What a watch hands out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WatchItem {
    /// All changes after the last item, up to and with `revision`. `events` may be empty: then nothing under the prefix
    /// changed up to `revision`.
    Events {
        /// The consumer has seen everything up to here.
        revision: i64,
        /// The changes, in order.
        events: Vec<Event>,
    },
    /// The history after the last item is gone: this is all there is, replace everything known by it. Its revision may
    /// be lower than one seen before, when etcd was restored from a backup.
    Resync(Snapshot),
}

impl WatchItem {
    /// The revision up to which the consumer has seen everything.
    pub fn revision(&self) -> i64 {
        match self {
            WatchItem::Events { revision, .. } => *revision,
            WatchItem::Resync(snapshot) => snapshot.revision,
        }
    }
}

/// A running watch. Dropping it ends it.
#[derive(Debug)]
pub struct Watch {
    items: mpsc::Receiver<Result<WatchItem, Error>>,
    progress: Arc<Notify>,
    _task: AbortOnDropHandle<()>,
}

impl Watch {
    /// The next item. It waits through outages of etcd; to be used in `select!` (nothing is lost when it is dropped).
    ///
    /// # Errors
    /// [`Error::PermissionDenied`], [`Error::Auth`] and the like: what an operator must mend. The watch keeps trying, so
    /// asking again is right, and goes on without a gap once it is mended.
    pub async fn next(&mut self) -> Result<WatchItem, Error> {
        match self.items.recv().await {
            Some(item) => item,
            None => Err(Error::Unavailable {
                op: "watch".to_owned(),
                source: "the runtime is shutting down".into(),
            }),
        }
    }

    /// A handle that asks etcd how far the watch has come: the answer is an item, maybe without events.
    pub fn progress(&self) -> Progress {
        Progress(Arc::clone(&self.progress))
    }
}

/// Asks a [`Watch`] to say how far it has come.
#[derive(Debug, Clone)]
pub struct Progress(Arc<Notify>);

impl Progress {
    /// Asks now; many requests at once are one.
    pub fn request(&self) {
        self.0.notify_one();
    }
}

impl Etcd {
    /// Watches every key that begins with `prefix`, for what changes after `after_revision` (of a
    /// [`Snapshot`], so that nothing falls between; 0: from now on).
    ///
    /// Must be called within a tokio runtime.
    pub fn watch(&self, prefix: &str, after_revision: i64) -> Watch {
        let (sender, items) = mpsc::channel(QUEUE);
        let progress = Arc::new(Notify::new());
        let task = task::Task::new(self.clone(), prefix, after_revision, sender, Arc::clone(&progress));
        let _task = AbortOnDropHandle::new(tokio::spawn(task.run()));
        Watch { items, progress, _task }
    }
}
