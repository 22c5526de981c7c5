//! The data directory, laid out as the original's so that either program can start on it.
//!
//! ```text
//! images/OS/ID/{kernel,initrd.gz}   whole images; a directory appears by rename
//! assets/N                          whole assets; the original removes all else from here
//! lastrev                           the original's checkpoint: assets are complete up to this revision of etcd
//! neco/files/                       ours, which the original never looks into:
//!   lock  index.json  verified.json  staging/  partial/
//! ```
//!
//! A file is written under `staging/`, synced, and renamed into its place; its directory is synced after. All of it
//! blocks: async code calls it on blocking threads.

mod error;
pub(crate) mod verified;

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use nix::fcntl::{Flock, FlockArg};

pub use error::DiskError;

/// A data directory, held by this process alone.
#[derive(Debug)]
pub struct DataDir {
    root: PathBuf,
    min_free: u64,
    next: AtomicU64,
    _lock: Flock<File>,
}

impl DataDir {
    /// Makes what is missing, takes the lock, and removes what a crash left half-written.
    ///
    /// `min_free` bytes are left free on the disk whatever is stored.
    ///
    /// # Errors
    /// When it cannot be made or written, or another process holds it.
    pub fn open(root: &Path, min_free: u64) -> Result<Self, DiskError> {
        let ours = root.join("neco/files");
        for dir in [
            root.join("images"),
            root.join("assets"),
            ours.join("staging"),
            ours.join("partial"),
        ] {
            fs::create_dir_all(&dir).map_err(DiskError::io("creating", &dir))?;
        }
        let path = ours.join("lock");
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(DiskError::io("opening", &path))?;
        let lock = Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|(_, errno)| DiskError::InUse {
            path,
            source: errno.into(),
        })?;
        let dir = Self {
            root: root.to_owned(),
            min_free,
            next: AtomicU64::new(0),
            _lock: lock,
        };
        dir.clean()?;
        Ok(dir)
    }

    /// Removes unfinished work of a process that is gone, the original's too.
    fn clean(&self) -> Result<(), DiskError> {
        for path in entries(&self.ours("staging"))? {
            remove(&path)?;
        }
        for os in entries(&self.root.join("images"))? {
            for path in entries(&os)?
                .into_iter()
                .filter(|path| name_of(path).starts_with("_tmp"))
            {
                remove(&path)?;
            }
        }
        for path in entries(&self.assets())?
            .into_iter()
            .filter(|path| name_of(path).starts_with(".tmp"))
        {
            remove(&path)?;
        }
        Ok(())
    }

    /// Where an image lies when it is whole.
    #[must_use]
    pub fn image(&self, os: &str, id: &str) -> PathBuf {
        self.root.join("images").join(os).join(id)
    }

    /// The directory of assets.
    #[must_use]
    pub fn assets(&self) -> PathBuf {
        self.root.join("assets")
    }

    /// Where an asset lies when it is whole.
    #[must_use]
    pub fn asset(&self, id: i64) -> PathBuf {
        self.assets().join(id.to_string())
    }

    /// The original's checkpoint.
    #[must_use]
    pub fn lastrev(&self) -> PathBuf {
        self.root.join("lastrev")
    }

    /// A file or directory of ours.
    pub(crate) fn ours(&self, name: &str) -> PathBuf {
        self.root.join("neco/files").join(name)
    }

    /// A name under `staging/` that nobody else has.
    pub(crate) fn staging(&self) -> PathBuf {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.ours("staging").join(format!("{}-{number}", std::process::id()))
    }

    /// Names of the images on the disk.
    pub(crate) fn images_of(&self, os: &str) -> Result<Vec<String>, DiskError> {
        let found = entries(&self.root.join("images").join(os))?;
        Ok(found
            .iter()
            .filter(|path| path.is_dir())
            .map(|path| name_of(path))
            .collect())
    }

    /// Names of the files under `assets/`, as paths.
    pub(crate) fn asset_files(&self) -> Result<Vec<PathBuf>, DiskError> {
        Ok(entries(&self.assets())?
            .into_iter()
            .filter(|path| path.is_file())
            .collect())
    }

    /// Names of the pulls that broke off.
    pub(crate) fn partials(&self) -> Result<Vec<String>, DiskError> {
        Ok(entries(&self.ours("partial"))?
            .iter()
            .map(|path| name_of(path))
            .collect())
    }

    /// Bytes that may still be written.
    ///
    /// # Errors
    /// When `statvfs(3)` fails.
    pub fn free(&self) -> Result<u64, DiskError> {
        let stat = nix::sys::statvfs::statvfs(&self.root)
            .map_err(|errno| DiskError::io("statvfs of", &self.root)(errno.into()))?;
        Ok(stat
            .blocks_available()
            .saturating_mul(stat.fragment_size())
            .saturating_sub(self.min_free))
    }

    /// Refuses what would not fit.
    ///
    /// # Errors
    /// [`DiskError::Full`] when fewer than `needed` bytes may still be written.
    pub fn require(&self, needed: u64) -> Result<(), DiskError> {
        let free = self.free()?;
        if needed > free {
            return Err(DiskError::Full {
                path: self.root.clone(),
                needed: Some(needed),
                free: Some(free),
            });
        }
        Ok(())
    }

    /// Renames what lies in `staging/`, synced, to its place. An empty place or an old file is replaced in one step.
    pub(crate) fn publish(&self, from: &Path, to: &Path) -> Result<(), DiskError> {
        let parent = to.parent().unwrap_or(&self.root);
        fs::create_dir_all(parent).map_err(DiskError::io("creating", parent))?;
        fs::rename(from, to).map_err(DiskError::io("renaming to", to))?;
        sync_dir(parent)
    }

    /// Takes a file or directory away: gone from its place in one step, from the disk after it.
    pub(crate) fn discard(&self, path: &Path) -> Result<(), DiskError> {
        let aside = self.staging();
        match fs::rename(path, &aside) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            renamed => renamed.map_err(DiskError::io("removing", path))?,
        }
        if let Some(parent) = path.parent() {
            sync_dir(parent)?;
        }
        remove(&aside)
    }

    /// Writes a small file in one step.
    pub(crate) fn write_small(&self, path: &Path, bytes: &[u8]) -> Result<(), DiskError> {
        let staged = self.staging();
        let write = || {
            let mut file = File::create(&staged)?;
            file.write_all(bytes)?;
            file.sync_all()
        };
        write().map_err(DiskError::io("writing", &staged))?;
        self.publish(&staged, path)
    }

    /// The revision in the original's checkpoint; 0 when there is none.
    #[must_use]
    pub fn read_lastrev(&self) -> i64 {
        fs::read_to_string(self.lastrev())
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(0)
    }

    /// Writes the original's checkpoint; it takes no newline at the end. 0 makes the original look at everything anew.
    pub(crate) fn write_lastrev(&self, revision: i64) -> Result<(), DiskError> {
        self.write_small(&self.lastrev(), revision.to_string().as_bytes())
    }
}

/// Makes a rename in `dir` survive a power cut.
pub(crate) fn sync_dir(dir: &Path) -> Result<(), DiskError> {
    File::open(dir)
        .and_then(|dir| dir.sync_all())
        .map_err(DiskError::io("syncing", dir))
}

/// Removes a file or a directory with all in it.
pub(crate) fn remove(path: &Path) -> Result<(), DiskError> {
    let removed = if path.is_dir() {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    };
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed.map_err(DiskError::io("removing", path)),
    }
}

fn entries(dir: &Path) -> Result<Vec<PathBuf>, DiskError> {
    let read = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        read => read.map_err(DiskError::io("listing", dir))?,
    };
    let list: Result<Vec<PathBuf>, io::Error> = read.map(|entry| Ok(entry?.path())).collect();
    list.map_err(DiskError::io("listing", dir))
}

pub(crate) fn name_of(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
