//! Whether a file is a whole snapshot: a database of whole pages, and the SHA-256 of it that etcd appends.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::{SnapshotError, failed};

/// etcd takes a length beyond whole sectors for its checksum.
const SECTOR: u64 = 512;
const CHECKSUM: u64 = 32;
/// Two meta pages at least.
const SMALLEST: u64 = 8192;
const BUFFER: usize = 1 << 20;

/// Checks a backup from beginning to end.
///
/// # Errors
/// [`SnapshotError::Damaged`], [`SnapshotError::File`].
pub fn verify(path: &Path) -> Result<(), SnapshotError> {
    let damaged = |reason: String| SnapshotError::Damaged {
        path: path.to_owned(),
        reason,
    };
    let mut file = File::open(path).map_err(failed("open", path))?;
    let length = file.metadata().map_err(failed("look at", path))?.len();
    if length % SECTOR != CHECKSUM || length < SMALLEST {
        return Err(damaged(format!("its length, {length} bytes, is not that of one")));
    }
    let mut hash = Sha256::new();
    let mut database = (&mut file).take(length - CHECKSUM);
    let mut buffer = vec![0; BUFFER];
    loop {
        match database.read(&mut buffer).map_err(failed("read", path))? {
            0 => break,
            count => hash.update(buffer.get(..count).unwrap_or_default()),
        }
    }
    file.seek(SeekFrom::Start(length - CHECKSUM))
        .map_err(failed("read", path))?;
    let mut stored = Vec::new();
    file.read_to_end(&mut stored).map_err(failed("read", path))?;
    if hash.finalize().as_slice() == stored.as_slice() {
        return Ok(());
    }
    Err(damaged("its checksum is wrong".to_owned()))
}
