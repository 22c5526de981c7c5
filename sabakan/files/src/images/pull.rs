//! Pulling one image from a peer.

use sabakan_model::Image;

use super::{Images, OS, Staged, note};
use crate::{
    archive::{self, Digests},
    disk::DiskError,
    error::FilesError,
    pull::{self, PullError, Wanted},
};

/// Headers, padding and the end of an archive, at the most.
const OVERHEAD: u64 = 2 << 20;

impl Images {
    /// Tries the image's URLs in random order until it is here, whole and checked.
    pub(super) async fn pull(&self, image: &Image) -> Result<Digests, FilesError> {
        let urls = self.inner.puller.candidates(image.urls.as_ref());
        for url in &urls {
            match self.pull_from(url, image).await {
                Ok(digests) => {
                    self.inner.metrics.pulls.with_label_values(&["image", "ok"]).inc();
                    tracing::info!(os = OS, id = image.id, url, "pulled an image");
                    return Ok(digests);
                }
                Err(error) => {
                    self.inner
                        .metrics
                        .pulls
                        .with_label_values(&["image", error.label()])
                        .inc();
                    tracing::warn!(os = OS, id = image.id, url, %error, "an image was not pulled");
                    if let PullError::Disk(error) = error {
                        return Err(self.inner.count_full(error.into()));
                    }
                }
            }
        }
        Err(FilesError::NoPeer(format!("image {}", image.id)))
    }

    async fn pull_from(&self, url: &str, image: &Image) -> Result<Digests, PullError> {
        let size =
            u64::try_from(image.size).map_err(|_| PullError::Garbage("a negative size in the index".to_owned()))?;
        let partial = self.inner.dir.ours("partial").join(format!("image-{OS}-{}", image.id));
        let have = std::fs::metadata(&partial).map_or(0, |meta| meta.len());
        // The archive, and what is unpacked from it.
        self.inner
            .dir
            .require(size.saturating_mul(2).saturating_add(OVERHEAD).saturating_sub(have))?;
        let wanted = Wanted {
            partial: partial.clone(),
            limit: size.saturating_add(OVERHEAD),
            required: Vec::new(),
        };
        self.inner.puller.pull(url, &wanted).await?;
        let staged = Staged::new(self.inner.dir.staging());
        let (to, from, limit) = (staged.0.clone(), partial.clone(), self.inner.options.max_image_size);
        let unpacked = self.inner.blocking(move |_| {
            let file = std::fs::File::open(&from).map_err(DiskError::io("opening", &from))?;
            Ok(archive::extract(file, &to, limit.max(size))?)
        });
        let unpacked = unpacked.await;
        // Whole or broken, the archive has served: what was broken would be broken again.
        pull::forget(&partial)?;
        let digests = unpacked?;
        self.give_place(image, size, digests, staged).await
    }

    /// Checks what was pulled against etcd, and gives it its place.
    async fn give_place(
        &self,
        image: &Image,
        size: u64,
        digests: Digests,
        staged: Staged,
    ) -> Result<Digests, PullError> {
        let _places = self.inner.places.lock().await;
        let state = self.inner.now();
        let os = state.images.get(OS);
        if os.is_none_or(|os| os.index.find(&image.id).is_none()) {
            return Err(PullError::Other("the image was deleted meanwhile".to_owned()));
        }
        let record = os.and_then(|os| os.records.get(&image.id));
        if digests.size() != size || record.is_some_and(|record| record.members != digests) {
            return Err(PullError::Garbage("size or SHA-256 are not those in etcd".to_owned()));
        }
        let (to, noted) = (self.inner.dir.image(OS, &image.id), digests.clone());
        let placed = self.inner.blocking(move |inner| {
            inner.dir.discard(&to)?;
            inner.dir.publish(&staged.0, &to)?;
            note(inner, &to, &noted)
        });
        placed.await?;
        Ok(digests)
    }
}
