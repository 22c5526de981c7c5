//! Files that are looked at for changes.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

use super::TlsError;

/// What changes when a file is written or replaced, behind symbolic links too.
type Stamp = Option<(u64, u64, i64, i64, u64)>;

/// Some files as they were when last looked at.
#[derive(Debug)]
pub(super) struct Watched {
    paths: Vec<PathBuf>,
    stamps: Mutex<Vec<Stamp>>,
}

impl Watched {
    pub(super) fn new(paths: Vec<PathBuf>) -> Watched {
        let stamps = Mutex::new(stamps(&paths));
        Watched { paths, stamps }
    }

    /// Whether any differs from the last look.
    pub(super) fn changed(&self) -> bool {
        let now = stamps(&self.paths);
        let mut known = self.stamps.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = *known != now;
        *known = now;
        changed
    }
}

fn stamps(paths: &[PathBuf]) -> Vec<Stamp> {
    paths.iter().map(|path| stamp(path)).collect()
}

fn stamp(path: &Path) -> Stamp {
    let meta = std::fs::metadata(path).ok()?;
    Some((meta.dev(), meta.ino(), meta.mtime(), meta.mtime_nsec(), meta.len()))
}

/// All certificates of a PEM file, at least one.
pub(super) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let failed = |source| TlsError::Read {
        path: path.to_owned(),
        source,
    };
    let found: Vec<_> = CertificateDer::pem_file_iter(path)
        .map_err(failed)?
        .collect::<Result<_, _>>()
        .map_err(failed)?;
    if found.is_empty() {
        return Err(TlsError::Empty(path.to_owned()));
    }
    Ok(found)
}
