//! Which files were read and hashed before, so that a start does not read gigabytes again.
//!
//! An entry counts for the very file that was hashed: inode, size and modification time. One that was changed behind
//! our back to the nanosecond is not noticed; that is what checksums of file systems are for.

use std::{
    collections::BTreeMap,
    fs::{self, File, Metadata},
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::Path,
    sync::Arc,
};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{DataDir, DiskError};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    inode: u64,
    size: u64,
    modified: (i64, i64),
    sha256: String,
}

impl Seen {
    fn is_of(&self, meta: &Metadata) -> bool {
        self.inode == meta.ino() && self.size == meta.size() && self.modified == (meta.mtime(), meta.mtime_nsec())
    }
}

/// The hashes known by path.
#[derive(Debug)]
pub(crate) struct Verified {
    dir: Arc<DataDir>,
    seen: Mutex<BTreeMap<String, Seen>>,
}

impl Verified {
    /// Reads what the last process left; nothing, when it cannot be read.
    pub(crate) fn load(dir: Arc<DataDir>) -> Self {
        let text = fs::read(dir.ours("verified.json")).unwrap_or_default();
        Self {
            dir,
            seen: Mutex::new(serde_json::from_slice(&text).unwrap_or_default()),
        }
    }

    /// The hash of the file at `path`, from memory or by reading it.
    pub(crate) fn sha256(&self, path: &Path) -> Result<String, DiskError> {
        let meta = fs::metadata(path).map_err(DiskError::io("reading", path))?;
        let key = path.to_string_lossy().into_owned();
        if let Some(known) = self.seen.lock().get(&key).filter(|seen| seen.is_of(&meta)) {
            return Ok(known.sha256.clone());
        }
        let sha256 = hash(path).map_err(DiskError::io("reading", path))?;
        self.note(path, &sha256)?;
        Ok(sha256)
    }

    /// The hash, when it is known without reading the file.
    pub(crate) fn known(&self, path: &Path) -> Option<String> {
        let meta = fs::metadata(path).ok()?;
        let seen = self.seen.lock();
        seen.get(path.to_string_lossy().as_ref())
            .filter(|seen| seen.is_of(&meta))
            .map(|seen| seen.sha256.clone())
    }

    /// Remembers the hash of a file that was just written or read.
    pub(crate) fn note(&self, path: &Path, sha256: &str) -> Result<(), DiskError> {
        let meta = fs::metadata(path).map_err(DiskError::io("reading", path))?;
        let seen = Seen {
            inode: meta.ino(),
            size: meta.size(),
            modified: (meta.mtime(), meta.mtime_nsec()),
            sha256: sha256.to_owned(),
        };
        let text = {
            let mut all = self.seen.lock();
            all.insert(path.to_string_lossy().into_owned(), seen);
            all.retain(|path, _| Path::new(path).exists());
            serde_json::to_vec(&*all).unwrap_or_default()
        };
        self.dir.write_small(&self.dir.ours("verified.json"), &text)
    }
}

fn hash(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let len = file.read(&mut buffer)?;
        if len == 0 {
            return Ok(hex::encode(hasher.finalize()));
        }
        hasher.update(&buffer[..len]);
    }
}
