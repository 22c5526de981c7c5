//! Keeping `assets/` in step with etcd, and the original's checkpoint with it.

use std::sync::Arc;

use rand::RngExt;
use sabakan_model::Asset;

use super::{Assets, MAX_ATTEMPTS, plan};
use crate::{
    disk::{DiskError, name_of},
    error::FilesError,
    images::Staged,
    pull::{self, PullError, Wanted},
    service::Inner,
    state::{Part, State},
};

impl Assets {
    /// Runs for ever. After a change it waits at random before it pulls, see [`crate::Options::jitter`].
    pub(crate) async fn keep_in_step(self) {
        let mut changes = self.inner.state.subscribe();
        loop {
            let state = changes.borrow_and_update().clone();
            self.remove_strangers().await;
            let missing = self.complete(&state).await;
            self.inner
                .metrics
                .missing
                .with_label_values(&["asset"])
                .set(i64::try_from(missing).unwrap_or(i64::MAX));
            self.checkpoint(&state, missing).await;
            let options = &self.inner.options;
            let pause = if missing > 0 {
                options.retry
            } else {
                options.orphan_grace.max(options.retry)
            };
            tokio::select! {
                changed = changes.changed() => if changed.is_err() { return },
                () = tokio::time::sleep(pause) => continue,
            }
            if self.inner.now().assets.values().any(|asset| !self.is_whole(asset)) {
                let jitter = options.jitter.mul_f64(rand::rng().random());
                tracing::info!(
                    milliseconds = jitter.as_millis(),
                    "assets have changed; waiting before the pull"
                );
                tokio::time::sleep(jitter).await;
            }
        }
    }

    /// Tells the original, should it start on this directory, how far it may trust it: 0 makes it look at everything.
    async fn checkpoint(&self, state: &Arc<State>, missing: usize) {
        if !state.is_live(Part::Assets) {
            return;
        }
        let complete = missing == 0 && is_certain(state);
        let revision = if complete { state.revision(Part::Assets) } else { 0 };
        let written = self.inner.blocking(move |inner| {
            let before = inner.dir.read_lastrev();
            if before > revision && complete {
                tracing::warn!(
                    before,
                    now = revision,
                    "etcd is older than this data directory: was it restored?"
                );
            }
            if before != revision {
                inner.dir.write_lastrev(revision)?;
            }
            Ok(())
        });
        if let Err(error) = written.await {
            tracing::error!(%error, "the checkpoint was not written");
        }
    }

    /// Removes copies of assets that were deleted or replaced, and strangers after their grace.
    async fn remove_strangers(&self) {
        let _places = self.inner.places.lock().await;
        // Read under the lock: who held it may have entered an asset.
        let state = self.inner.now();
        if !is_certain(&state) {
            return;
        }
        if let Err(error) = self.inner.blocking(move |inner| remove_strangers(inner, &state)).await {
            tracing::error!(%error, "deleted assets could not be removed");
        }
    }

    async fn complete(&self, state: &Arc<State>) -> usize {
        let mut missing = 0;
        for asset in state.assets.values() {
            if let Err(error) = self.complete_one(asset).await {
                tracing::error!(name = asset.name, id = asset.id.0, %error, "this server does not have the asset");
                missing += 1;
            }
        }
        missing
    }

    async fn complete_one(&self, asset: &Asset) -> Result<(), FilesError> {
        if self.is_whole(asset) {
            if self.check(asset).await? {
                return Ok(());
            }
            tracing::error!(
                name = asset.name,
                id = asset.id.0,
                "the copy is not what etcd says: pulling it again"
            );
            self.inner.metrics.corrupt.with_label_values(&["asset"]).inc();
        }
        self.pull(asset).await?;
        self.register(asset).await
    }

    /// Whether the copy has the hash that etcd has; it is thrown away if not.
    async fn check(&self, asset: &Asset) -> Result<bool, FilesError> {
        let (id, sha256) = (asset.id.0, asset.sha256.clone());
        let _places = self.inner.places.lock().await;
        let checked = self.inner.blocking(move |inner| {
            let path = inner.dir.asset(id);
            let same = inner.verified.sha256(&path)?.eq_ignore_ascii_case(&sha256);
            if !same {
                inner.dir.discard(&path)?;
            }
            Ok(same)
        });
        checked.await
    }

    async fn pull(&self, asset: &Asset) -> Result<(), FilesError> {
        for url in self.inner.puller.candidates(asset.urls.as_ref()) {
            match self.pull_from(&url, asset).await {
                Ok(()) => {
                    self.inner.metrics.pulls.with_label_values(&["asset", "ok"]).inc();
                    tracing::info!(name = asset.name, id = asset.id.0, url, "pulled an asset");
                    return Ok(());
                }
                Err(error) => {
                    self.inner
                        .metrics
                        .pulls
                        .with_label_values(&["asset", error.label()])
                        .inc();
                    tracing::warn!(name = asset.name, id = asset.id.0, url, %error, "an asset was not pulled");
                    if let PullError::Disk(error) = error {
                        return Err(self.inner.count_full(error.into()));
                    }
                }
            }
        }
        Err(FilesError::NoPeer(format!("asset {}", asset.name)))
    }

    async fn pull_from(&self, url: &str, asset: &Asset) -> Result<(), PullError> {
        let size = u64::try_from(asset.size).map_err(|_| PullError::Garbage("a negative size in etcd".to_owned()))?;
        let partial = self.inner.dir.ours("partial").join(format!("asset-{}", asset.id.0));
        let have = std::fs::metadata(&partial).map_or(0, |meta| meta.len());
        self.inner.dir.require(size.saturating_sub(have))?;
        let required = vec![
            ("x-sabakan-asset-id", asset.id.to_string()),
            ("x-sabakan-asset-sha256", asset.sha256.clone()),
        ];
        if have != size || size == 0 {
            let wanted = Wanted {
                partial: partial.clone(),
                limit: size,
                required,
            };
            self.inner.puller.pull(url, &wanted).await?;
        }
        self.give_place(asset, partial).await
    }

    /// Checks what was pulled, and gives it its place if the asset is still there.
    async fn give_place(&self, asset: &Asset, partial: std::path::PathBuf) -> Result<(), PullError> {
        let (id, sha256) = (asset.id.0, asset.sha256.clone());
        let staged = Staged::new(self.inner.dir.staging());
        let (from, to, wanted) = (partial.clone(), staged.0.clone(), sha256.clone());
        let checked = self.inner.blocking(move |inner| {
            std::fs::rename(&from, &to).map_err(DiskError::io("renaming", &from))?;
            pull::forget(&from)?;
            let file = std::fs::File::open(&to).and_then(|file| file.sync_all());
            file.map_err(DiskError::io("syncing", &to))?;
            Ok(inner.verified.sha256(&to)?.eq_ignore_ascii_case(&wanted))
        });
        if !checked.await? {
            return Err(PullError::Garbage("its SHA-256 is not that in etcd".to_owned()));
        }
        let _places = self.inner.places.lock().await;
        if self
            .inner
            .now()
            .assets
            .get(&asset.name)
            .is_none_or(|now| now.id.0 != id)
        {
            return Err(PullError::Other(
                "the asset was replaced or deleted meanwhile".to_owned(),
            ));
        }
        Ok(self.place(id, &sha256, staged).await?)
    }

    /// Enters this server's URL. Bookkeeping of servers, not audited.
    async fn register(&self, asset: &Asset) -> Result<(), FilesError> {
        for _ in 0..MAX_ATTEMPTS {
            let read = self.inner.etcd.get(&plan::key(&asset.name)).await;
            let Some(kv) = read.map_err(FilesError::etcd("reading the asset"))? else {
                return Ok(());
            };
            let Some(txn) = plan::register(&kv, asset.id.0, &self.url(&asset.name))? else {
                return Ok(());
            };
            let outcome = self
                .inner
                .etcd
                .commit(txn)
                .await
                .map_err(FilesError::etcd("registering an asset"))?;
            if outcome.succeeded {
                return Ok(());
            }
        }
        Err(FilesError::Contention("registering an asset"))
    }
}

/// Whether what etcd says of assets may be acted upon: it was read in this process, and all of it parses.
fn is_certain(state: &State) -> bool {
    state.is_live(Part::Assets)
        && !state
            .unreadable
            .keys()
            .any(|key| key.starts_with(Part::Assets.prefix()))
}

fn remove_strangers(inner: &Inner, state: &State) -> Result<(), FilesError> {
    let last = state.last_asset_id.unwrap_or(0);
    let known: std::collections::HashSet<i64> = state.assets.values().map(|asset| asset.id.0).collect();
    pull::forget_unwanted(&inner.dir, "asset-", |id| {
        id.parse().is_ok_and(|id: i64| known.contains(&id))
    })?;
    for path in inner.dir.asset_files()? {
        let name = name_of(&path);
        let id = name.parse::<i64>().ok().filter(|id| id.to_string() == name);
        // A number that etcd has given is not given again: without an asset, its content was deleted or replaced. One that
        // etcd has not yet given comes from another past of etcd.
        let deleted = id.is_none_or(|id| id <= last && !known.contains(&id));
        let stranger = id.is_none_or(|id| !known.contains(&id));
        if deleted || inner.has_outstayed_if(stranger, &path) {
            tracing::info!(name, "removing the copy of a deleted asset");
            inner.dir.discard(&path)?;
        }
    }
    Ok(())
}
