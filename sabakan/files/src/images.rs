//! Boot images: an index in etcd, whole copies on the disk of every server, and the newest whole one for machines.

mod keep;
mod plan;
mod pull;
pub(crate) mod record;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use bytes::Bytes;
use futures::Stream;
use sabakan_model::{AuditCategory, GoTime, Image, ImageIndex, image};

use crate::{
    archive::{self, Digests, MEMBERS},
    content::Content,
    disk::{DiskError, remove},
    error::FilesError,
    intake,
    service::Inner,
    state::{Part, State},
};
use plan::Read;
use sabakan_storage::{Actor, AuditDraft};

/// The one operating system whose images have known members.
const OS: &str = "coreos";

/// How often a change is decided anew when others changed the index meanwhile.
const MAX_ATTEMPTS: u32 = 32;

/// The boot images of a server.
#[derive(Debug, Clone)]
pub struct Images {
    inner: Arc<Inner>,
}

impl Images {
    pub(crate) fn new(inner: Arc<Inner>) -> Self {
        Self { inner }
    }

    /// The index, the newest last, with what this server has; empty when there is none.
    ///
    /// # Errors
    /// When `os` cannot name an operating system.
    pub fn index(&self, os: &str) -> Result<ImageIndex, FilesError> {
        check_os(os)?;
        let state = self.inner.now();
        let mut index = state.images.get(os).map(|os| os.index.clone()).unwrap_or_default();
        for image in &mut index.0 {
            image.exists = self.is_whole(os, image);
        }
        Ok(index)
    }

    /// An image as a tar archive, as peers pull it.
    ///
    /// # Errors
    /// When it is not in the index, or not on this server.
    pub fn archive(&self, os: &str, id: &str) -> Result<Content, FilesError> {
        check_names(os, id)?;
        let state = self.inner.now();
        let known = state.images.get(os);
        let image = known
            .and_then(|os| os.index.find(id))
            .filter(|image| self.is_whole(os, image));
        let image = image.ok_or_else(|| not_found(id))?;
        let path = self.inner.dir.image(os, id);
        let mut content = archive::content(&path).map_err(DiskError::io("opening", &path))?;
        // Without hashes a tag would be a guess, and a resumed pull could join two images.
        content.etag = self
            .digests_known(os, id, known.and_then(|os| os.records.get(id)))
            .map(|known| known.etag());
        content.modified = Some(SystemTime::from(image.date.instant()));
        Ok(content)
    }

    /// A file of the newest image that this server has whole: `kernel` or `initrd.gz`.
    ///
    /// # Errors
    /// When there is no such file in images, or no image here.
    pub fn boot_file(&self, os: &str, member: &str) -> Result<Content, FilesError> {
        check_os(os)?;
        let state = self.inner.now();
        let known = state
            .images
            .get(os)
            .filter(|_| MEMBERS.contains(&member))
            .ok_or_else(|| not_found(member))?;
        let newest = known.index.0.iter().rev().find(|image| self.is_whole(os, image));
        let image = newest.ok_or_else(|| not_found(member))?;
        let path = self.inner.dir.image(os, &image.id).join(member);
        let mut content = Content::open(&path).map_err(DiskError::io("opening", &path))?;
        if let Some(hash) = known
            .records
            .get(&image.id)
            .and_then(|record| record.members.0.get(member))
        {
            content.etag = Some(format!("\"{}\"", hash.sha256));
        }
        content.modified = Some(SystemTime::from(image.date.instant()));
        Ok(content.with_header("content-type", "application/octet-stream"))
    }

    /// Stores an image from a tar archive and makes it the newest. `declared` is the body's length, when it is known.
    ///
    /// The same image again is no error: it becomes the newest.
    ///
    /// # Errors
    /// When the ID is used up or has other content, the archive is refused, the disk is full, or etcd is away. Nothing has
    /// changed then.
    pub async fn upload<S, E>(
        &self,
        actor: &Actor,
        os: &str,
        id: &str,
        declared: Option<u64>,
        body: S,
    ) -> Result<(), FilesError>
    where
        S: Stream<Item = Result<Bytes, E>> + Unpin + Send,
        E: fmt::Display,
    {
        self.try_upload(actor, os, id, declared, body)
            .await
            .map_err(|error| self.inner.count_full(error))
    }

    async fn try_upload<S, E>(
        &self,
        actor: &Actor,
        os: &str,
        id: &str,
        declared: Option<u64>,
        body: S,
    ) -> Result<(), FilesError>
    where
        S: Stream<Item = Result<Bytes, E>> + Unpin + Send,
        E: fmt::Display,
    {
        check_names(os, id)?;
        if os != OS {
            return Err(FilesError::BadRequest(format!(
                "images of {os} have no known members: only {OS} has"
            )));
        }
        let limit = self.inner.options.max_image_size;
        // Padding and headers come on top of the members; the members themselves are counted while they are read.
        if declared.is_some_and(|len| len > limit.saturating_add(2 << 20)) {
            return Err(FilesError::TooLarge { limit });
        }
        self.read(os, id).await?.refuse_used_up()?;
        self.inner.dir.require(declared.unwrap_or(0))?;
        let staged = Staged::new(self.inner.dir.staging());
        let to = staged.0.clone();
        let idle = self.inner.options.idle_timeout;
        let digests = intake::feed(body, idle, intake::DRAIN, move |reader| {
            Ok(archive::extract(reader, &to, limit)?)
        })
        .await?;
        self.publish(actor, os, id, digests, staged).await
    }

    /// Gives the staged image its place, and enters it in the index.
    async fn publish(
        &self,
        actor: &Actor,
        os: &str,
        id: &str,
        digests: Digests,
        staged: Staged,
    ) -> Result<(), FilesError> {
        let _places = self.inner.places.lock().await;
        let url = self.url(os, id);
        let date = GoTime::utc(jiff::Timestamp::now());
        let mut staged = Some(staged);
        for _ in 0..MAX_ATTEMPTS {
            let read = self.read(os, id).await?;
            let known = read.index.find(id).is_some() && read.record.is_none();
            let change = read.upload(&digests, date, &url)?;
            if let Some(staged) = staged.take() {
                self.place(os, id, &digests, staged, known).await?;
            }
            let mut detail = format!("id={id}");
            if !change.dropped.is_empty() {
                detail.push_str(&format!(" dropped={}", change.dropped.join(",")));
            }
            let draft = AuditDraft::new(AuditCategory::IMAGE, os, "upload", detail);
            let outcome = self.inner.storage.0.commit_audited(actor, draft, change.txn).await?;
            if outcome.succeeded {
                self.inner.see(Part::Images, outcome.revision).await;
                return Ok(());
            }
        }
        Err(FilesError::Contention("the upload"))
    }

    /// Renames the staged image to its place. What lies there is kept when it is the same, and replaced when it is not what
    /// etcd knows; `unhashed` says that etcd knows the image but no hash of it, so that the copy here decides.
    async fn place(
        &self,
        os: &str,
        id: &str,
        digests: &Digests,
        staged: Staged,
        unhashed: bool,
    ) -> Result<(), FilesError> {
        let (to, digests, id) = (self.inner.dir.image(os, id), digests.clone(), id.to_owned());
        self.inner
            .blocking(move |inner| {
                match hashes(inner, &to) {
                    Ok(there) if there == digests => return Ok(()),
                    Ok(_) if unhashed => {
                        return Err(FilesError::Conflict(format!(
                            "image {id} exists with different content: choose another ID"
                        )));
                    }
                    _ => inner.dir.discard(&to)?,
                }
                inner.dir.publish(&staged.0, &to)?;
                note(inner, &to, &digests)
            })
            .await
    }

    /// Takes an image out of the index; every server then removes its copy, and the one before it is served again.
    ///
    /// # Errors
    /// When it is not in the index, or etcd is away.
    pub async fn delete(&self, actor: &Actor, os: &str, id: &str) -> Result<(), FilesError> {
        check_names(os, id)?;
        for _ in 0..MAX_ATTEMPTS {
            let txn = self.read(os, id).await?.delete()?;
            let draft = AuditDraft::new(AuditCategory::IMAGE, os, "delete", format!("id={id}"));
            let outcome = self.inner.storage.0.commit_audited(actor, draft, txn).await?;
            if outcome.succeeded {
                self.inner.see(Part::Images, outcome.revision).await;
                return Ok(());
            }
        }
        Err(FilesError::Contention("the deletion"))
    }

    async fn read(&self, os: &str, id: &str) -> Result<Read, FilesError> {
        let outcome = self.inner.etcd.commit(plan::read(os, id)).await;
        Read::new(
            os,
            id,
            &outcome.map_err(FilesError::etcd("reading the index of images"))?,
        )
    }

    fn url(&self, os: &str, id: &str) -> String {
        self.inner.options.url(&format!("/api/v1/images/{os}/{id}"))
    }

    /// Whether all members are here in full. The hash is checked when the copy is made or first met.
    fn is_whole(&self, os: &str, image: &Image) -> bool {
        let dir = self.inner.dir.image(os, &image.id);
        let sizes: Option<u64> = MEMBERS
            .iter()
            .map(|name| Some(std::fs::metadata(dir.join(name)).ok()?.len()))
            .sum();
        sizes.is_some_and(|size| u64::try_from(image.size) == Ok(size))
    }

    /// The digests of the copy here, as far as they are known without reading it.
    fn digests_known(&self, os: &str, id: &str, record: Option<&record::Record>) -> Option<Digests> {
        let dir = self.inner.dir.image(os, id);
        let record = &record?.members;
        let same = |(name, member): (&String, &archive::Member)| {
            self.inner
                .verified
                .known(&dir.join(name))
                .is_some_and(|hash| hash == member.sha256)
        };
        record.0.iter().all(same).then(|| record.clone())
    }
}

/// A staged file or directory, removed when it is not used.
#[derive(Debug)]
pub(crate) struct Staged(pub(crate) PathBuf);

impl Staged {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self(path)
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if let Err(error) = remove(&self.0) {
            tracing::warn!(%error, "a staged file stays until the next start");
        }
    }
}

/// Reads and hashes the copy at `dir`, or remembers its hashes.
fn hashes(inner: &Inner, dir: &Path) -> Result<Digests, FilesError> {
    let mut digests = Digests::default();
    for name in MEMBERS {
        let path = dir.join(name);
        let size = std::fs::metadata(&path).map_err(DiskError::io("reading", &path))?.len();
        let sha256 = inner.verified.sha256(&path)?;
        digests.0.insert(name.to_owned(), archive::Member { size, sha256 });
    }
    Ok(digests)
}

/// Remembers the hashes of a copy just written.
fn note(inner: &Inner, dir: &Path, digests: &Digests) -> Result<(), FilesError> {
    for (name, member) in &digests.0 {
        inner.verified.note(&dir.join(name), &member.sha256)?;
    }
    Ok(())
}

fn check_os(os: &str) -> Result<(), FilesError> {
    if image::is_valid_image_os(os) {
        return Ok(());
    }
    Err(FilesError::BadRequest(format!(
        "{os:?} cannot name an operating system: lower case letters, digits and dots can"
    )))
}

fn check_names(os: &str, id: &str) -> Result<(), FilesError> {
    check_os(os)?;
    if image::is_valid_image_id(id) {
        return Ok(());
    }
    Err(FilesError::BadRequest(format!(
        "{id:?} cannot name an image: letters, digits, dots and hyphens can"
    )))
}

fn not_found(name: &str) -> FilesError {
    FilesError::NotFound {
        what: "image",
        name: name.to_owned(),
    }
}

/// Whether what the index says may be acted upon: it was read from etcd in this process, and it parses.
fn is_certain(state: &State, os: &str) -> bool {
    let key = plan::index_key(os);
    state.is_live(Part::Images)
        && state.has_key(&key)
        && !state
            .unreadable
            .keys()
            .any(|bad| bad == &key || bad.starts_with(&format!("{key}/")))
}
