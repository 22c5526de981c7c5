//! Keeping the disk in step with the index: removing what was deleted, checking what is here, pulling what lacks.

use std::sync::Arc;

use rand::RngExt;
use sabakan_model::Image;

use super::{Images, OS, hashes, is_certain, plan::Read};
use crate::{archive::Digests, error::FilesError, pull::forget_unwanted, state::State};

impl Images {
    /// Runs for ever. After a change it waits at random before it pulls, see [`crate::Options::jitter`].
    pub(crate) async fn keep_in_step(self) {
        let mut changes = self.inner.state.subscribe();
        loop {
            let state = changes.borrow_and_update().clone();
            self.remove_deleted(&state).await;
            let missing = self.complete(&state).await;
            self.inner
                .metrics
                .missing
                .with_label_values(&["image"])
                .set(i64::try_from(missing).unwrap_or(i64::MAX));
            self.inner.show_room();
            let retry = async {
                if missing > 0 {
                    tokio::time::sleep(self.inner.options.retry).await;
                } else {
                    tokio::time::sleep(self.inner.options.orphan_grace.max(self.inner.options.retry)).await;
                }
            };
            tokio::select! {
                changed = changes.changed() => if changed.is_err() { return },
                () = retry => continue,
            }
            if self.lacks_any(&self.inner.now()) {
                let jitter = self.inner.options.jitter.mul_f64(rand::rng().random());
                tracing::info!(
                    milliseconds = jitter.as_millis(),
                    "images have changed; waiting before the pull"
                );
                tokio::time::sleep(jitter).await;
            }
        }
    }

    fn lacks_any(&self, state: &State) -> bool {
        state
            .images
            .get(OS)
            .is_some_and(|os| os.index.0.iter().any(|image| !self.is_whole(OS, image)))
    }

    /// Removes copies that etcd says were deleted, and strangers after their grace.
    async fn remove_deleted(&self, _seen: &Arc<State>) {
        let _places = self.inner.places.lock().await;
        // Read again: who held the lock may have entered an image.
        let state = self.inner.now();
        if !is_certain(&state, OS) {
            return;
        }
        let removed = self.inner.blocking(move |inner| {
            let Some(os) = state.images.get(OS) else { return Ok(()) };
            forget_unwanted(&inner.dir, &format!("image-{OS}-"), |id| os.index.find(id).is_some())?;
            for id in inner.dir.images_of(OS)? {
                let path = inner.dir.image(OS, &id);
                let deleted = os.deleted.contains(&id) || inner.has_outstayed_if(os.index.find(&id).is_none(), &path);
                if deleted && os.index.find(&id).is_none() {
                    tracing::info!(os = OS, id, "removing the copy of a deleted image");
                    inner.dir.discard(&path)?;
                }
            }
            Ok(())
        });
        if let Err(error) = removed.await {
            tracing::error!(%error, "deleted images could not be removed");
        }
    }

    /// Checks and completes the images, the newest first; returns how many lack.
    async fn complete(&self, state: &Arc<State>) -> usize {
        let Some(os) = state.images.get(OS) else { return 0 };
        let mut missing = 0;
        for image in os.index.0.iter().rev() {
            if let Err(error) = self.complete_one(image).await {
                tracing::error!(os = OS, id = image.id, %error, "this server does not have the image");
                missing += 1;
            }
        }
        missing
    }

    async fn complete_one(&self, image: &Image) -> Result<(), FilesError> {
        if self.is_whole(OS, image) {
            if let Some(digests) = self.check(image).await? {
                return self.register(image, &digests).await;
            }
            tracing::error!(
                os = OS,
                id = image.id,
                "the copy is not what etcd says: pulling it again"
            );
            self.inner.metrics.corrupt.with_label_values(&["image"]).inc();
        }
        let digests = self.pull(image).await?;
        self.register(image, &digests).await
    }

    /// The digests of the copy, when they are those that etcd has, or etcd has none; `None` after throwing it away.
    async fn check(&self, image: &Image) -> Result<Option<Digests>, FilesError> {
        let (path, id) = (self.inner.dir.image(OS, &image.id), image.id.clone());
        let _places = self.inner.places.lock().await;
        self.inner
            .blocking(move |inner| {
                let digests = hashes(inner, &path)?;
                let state = inner.now();
                let record = state.images.get(OS).and_then(|os| os.records.get(&id));
                if record.is_none_or(|record| record.members == digests) {
                    return Ok(Some(digests));
                }
                inner.dir.discard(&path)?;
                Ok(None)
            })
            .await
    }

    /// Enters this server's URL, and the hashes if there are none. Bookkeeping of servers, not audited.
    async fn register(&self, image: &Image, digests: &Digests) -> Result<(), FilesError> {
        if self.is_registered(image) {
            return Ok(());
        }
        for _ in 0..super::MAX_ATTEMPTS {
            let read: Read = self.read(OS, &image.id).await?;
            if read.record.as_ref().is_some_and(|record| record.members != *digests) {
                return Err(FilesError::Conflict(format!(
                    "image {} is not what etcd says",
                    image.id
                )));
            }
            let Some(txn) = read.register(digests, &self.url(OS, &image.id))? else {
                return Ok(());
            };
            let outcome = self
                .inner
                .etcd
                .commit(txn)
                .await
                .map_err(FilesError::etcd("registering an image"))?;
            if outcome.succeeded {
                return Ok(());
            }
        }
        Err(FilesError::Contention("registering an image"))
    }

    fn is_registered(&self, image: &Image) -> bool {
        let state = self.inner.now();
        let Some(os) = state.images.get(OS) else { return true };
        let url = self.url(OS, &image.id);
        let urls = os.index.find(&image.id).and_then(|image| image.urls.as_ref());
        let enough = urls.is_some_and(|urls| urls.contains(&url) || urls.len() >= sabakan_model::image::MAX_IMAGE_URLS);
        enough && os.records.contains_key(&image.id)
    }
}
