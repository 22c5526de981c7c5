//! Following etcd: read all, then every change; and a copy of it on the disk for a start without etcd.

use std::{fs, sync::Arc, time::Duration};

use neco_etcd::WatchItem;

use super::Inner;
use crate::{
    disk::DataDir,
    state::{Copy, Part, State},
};

/// The wait after a read or watch that etcd refused; it is away, and others ask too.
const PAUSE: Duration = Duration::from_secs(1);

/// The state of the last process, from the disk; empty when there is none.
pub(super) fn last_known(dir: &DataDir) -> State {
    let copy: Option<Copy> = fs::read(dir.ours("index.json"))
        .ok()
        .and_then(|text| serde_json::from_slice(&text).ok());
    State::from_copy(&copy.unwrap_or_default())
}

/// Follows one part for ever.
pub(super) async fn run(inner: Arc<Inner>, part: Part) {
    let snapshot = loop {
        match inner.etcd.read_prefix(part.prefix()).await {
            Ok(snapshot) => break snapshot,
            Err(error) => {
                tracing::warn!(%error, prefix = part.prefix(), "reading etcd failed; the last known state is used");
                tokio::time::sleep(PAUSE).await;
            }
        }
    };
    let mut watch = inner.etcd.watch(part.prefix(), snapshot.revision);
    inner.change(|state| state.replace(part, &snapshot));
    loop {
        match watch.next().await {
            Ok(WatchItem::Events { revision, events }) => inner.change(|state| state.apply(part, revision, &events)),
            Ok(WatchItem::Resync(snapshot)) => {
                tracing::info!(
                    prefix = part.prefix(),
                    revision = snapshot.revision,
                    "read everything anew"
                );
                inner.change(|state| state.replace(part, &snapshot));
            }
            Err(error) => {
                tracing::error!(%error, prefix = part.prefix(), "watching etcd failed");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Writes the copy whenever the state has changed.
pub(super) async fn keep_copy(inner: Arc<Inner>) {
    let mut changes = inner.state.subscribe();
    let mut written = inner.now().to_copy();
    loop {
        if changes.changed().await.is_err() {
            return;
        }
        let state = changes.borrow_and_update().clone();
        let copy = state.to_copy();
        if copy == written {
            continue;
        }
        let text = serde_json::to_vec(&copy).unwrap_or_default();
        let wrote = inner
            .blocking(move |inner| Ok(inner.dir.write_small(&inner.dir.ours("index.json"), &text)?))
            .await;
        match wrote {
            Ok(()) => written = copy,
            Err(error) => tracing::warn!(%error, "the copy of etcd's state was not written"),
        }
    }
}
