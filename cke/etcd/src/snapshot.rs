//! Backups: a snapshot streamed to a file, checked, and the oldest removed.
//!
//! A backup holds every Secret of the cluster: its file is readable by its owner alone. It has its final name only once it is
//! whole, checked and on the disk.

mod check;
mod rotate;

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::fs;
use tokio::io::AsyncWriteExt as _;

use crate::{ClusterEtcd, Error};

pub use check::verify;

/// Why a backup could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// etcd did not give one.
    #[error("etcd gives no snapshot")]
    Etcd(#[from] Error),
    /// The stream broke.
    #[error("the stream of the snapshot from {endpoint} broke after {bytes} bytes")]
    Stream {
        /// Who sent it.
        endpoint: String,
        /// How far it came.
        bytes: u64,
        /// Why.
        #[source]
        source: Box<etcd_client::Error>,
    },
    /// A file or folder.
    #[error("cannot {what} {}", path.display())]
    File {
        /// What was done.
        what: &'static str,
        /// To which.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
    /// The place for backups is no folder.
    #[error("{} is not a directory", .0.display())]
    NotAFolder(PathBuf),
    /// What was written is no whole snapshot.
    #[error("{} is not a whole snapshot of etcd: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

/// A backup that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// Its file.
    pub path: PathBuf,
    /// How long it is.
    pub bytes: u64,
    /// Names of older backups that were removed.
    pub removed: Vec<String>,
}

/// The name of a backup taken at a time, in UTC: `etcd-20261122-171330.backup`.
#[must_use]
pub fn file_name(now: Timestamp) -> String {
    format!("etcd-{}.backup", now.to_zoned(TimeZone::UTC).strftime("%Y%m%d-%H%M%S"))
}

impl ClusterEtcd {
    /// Takes a backup into a folder, which is made where it is missing, and removes the oldest beyond `keep`.
    ///
    /// # Errors
    /// [`SnapshotError`]; nothing new is left behind then, and nothing old was removed.
    pub async fn back_up(&self, folder: &Path, keep: usize, now: Timestamp) -> Result<Backup, SnapshotError> {
        ensure_folder(folder).await?;
        let name = file_name(now);
        let partial = folder.join(format!(".{name}.partial"));
        let taken = self.take(&partial).await;
        let path = folder.join(&name);
        let done = match taken {
            Ok(bytes) => rename(&partial, &path).await.map(|()| bytes),
            Err(error) => Err(error),
        };
        let bytes = match done {
            Ok(bytes) => bytes,
            Err(error) => {
                // Half a backup must not be taken for one; that it cannot be removed is not the news.
                let _ = fs::remove_file(&partial).await;
                return Err(error);
            }
        };
        let removed = rotate::remove_oldest(folder, keep).await?;
        sync_folder(folder).await?;
        Ok(Backup { path, bytes, removed })
    }

    async fn take(&self, path: &Path) -> Result<u64, SnapshotError> {
        let bytes = self.stream_to(path).await?;
        let checked = path.to_owned();
        let verified = tokio::task::spawn_blocking(move || verify(&checked)).await;
        verified.map_err(|e| SnapshotError::Damaged {
            path: path.to_owned(),
            reason: e.to_string(),
        })??;
        Ok(bytes)
    }

    async fn stream_to(&self, path: &Path) -> Result<u64, SnapshotError> {
        let (endpoint, client) = self.any_client().await?;
        let mut bytes = 0;
        let broken = |source, bytes| SnapshotError::Stream {
            endpoint: endpoint.clone(),
            bytes,
            source: Box::new(source),
        };
        let stream = client.maintenance_client().snapshot().await;
        let mut stream = stream.map_err(|e| broken(e, 0))?;
        let mut file = private_file(path).await?;
        while let Some(part) = stream.message().await.map_err(|e| broken(e, bytes))? {
            file.write_all(part.blob()).await.map_err(failed("write", path))?;
            bytes += u64::try_from(part.blob().len()).unwrap_or(0);
        }
        file.flush().await.map_err(failed("write", path))?;
        file.sync_all().await.map_err(failed("sync", path))?;
        Ok(bytes)
    }
}

pub(crate) fn failed(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SnapshotError {
    let path = path.to_owned();
    move |source| SnapshotError::File { what, path, source }
}

async fn ensure_folder(folder: &Path) -> Result<(), SnapshotError> {
    match fs::metadata(folder).await {
        Ok(found) if found.is_dir() => Ok(()),
        Ok(_) => Err(SnapshotError::NotAFolder(folder.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(folder).await.map_err(failed("make", folder))
        }
        Err(error) => Err(failed("look at", folder)(error)),
    }
}

async fn private_file(path: &Path) -> Result<fs::File, SnapshotError> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(path).await.map_err(failed("make", path))
}

async fn rename(from: &Path, to: &Path) -> Result<(), SnapshotError> {
    fs::rename(from, to).await.map_err(failed("name", to))
}

/// Names are on the disk, too.
async fn sync_folder(folder: &Path) -> Result<(), SnapshotError> {
    let opened = fs::File::open(folder).await.map_err(failed("open", folder))?;
    opened.sync_all().await.map_err(failed("sync", folder))
}
