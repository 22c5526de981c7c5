//! What the disk refuses.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

/// Why the data directory could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// There is no room. What was stored before is untouched.
    #[error("the disk of {} is full{}", path.display(), Room(*needed, *free))]
    Full {
        /// A path on the disk.
        path: PathBuf,
        /// Bytes that were wanted, when it is known.
        needed: Option<u64>,
        /// Bytes that were left, when it is known.
        free: Option<u64>,
    },
    /// Another process holds the data directory.
    #[error("{} is held by another process: is another sabakan running on this data directory?", path.display())]
    InUse {
        /// The lock file.
        path: PathBuf,
        /// What `flock(2)` said.
        #[source]
        source: io::Error,
    },
    /// Any other failure.
    #[error("{op} {} failed", path.display())]
    Io {
        /// What was tried.
        op: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
}

struct Room(Option<u64>, Option<u64>);

impl fmt::Display for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0, self.1) {
            (Some(needed), Some(free)) => write!(f, ": {needed} bytes are needed and {free} may be used"),
            _ => Ok(()),
        }
    }
}

impl DiskError {
    pub(crate) fn io(op: &'static str, path: &Path) -> impl Fn(io::Error) -> Self {
        let path = path.to_owned();
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full {
                path: path.clone(),
                needed: None,
                free: None,
            },
            _ => Self::Io {
                op,
                path: path.clone(),
                source,
            },
        }
    }

    /// Whether there was no room.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Full { .. })
    }
}
