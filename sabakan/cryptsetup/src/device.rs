//! The header on a disk: how it is read and, in an order that a power cut cannot hurt, written.

use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::header::{HEADER_SIZE, Header, SECTOR};

/// Why a header could not be read or written.
#[derive(Debug, Error)]
pub(crate) enum DeviceError {
    /// The disk cannot be used.
    #[error("{operation} {path}")]
    Io {
        /// What was tried.
        operation: &'static str,
        /// The disk.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
    /// There is no place for header and data.
    #[error("{path} has {size} bytes, and a header alone takes {HEADER_SIZE}")]
    TooSmall {
        /// The disk.
        path: PathBuf,
        /// Its size.
        size: u64,
    },
    /// A name or a key that the format has no place for.
    #[error("cipher and key do not fit into a header")]
    Unwritable,
}

/// Reads the sector that says everything.
pub(crate) fn read_head(path: &Path) -> Result<[u8; SECTOR], DeviceError> {
    let failed = |operation| {
        move |source| DeviceError::Io {
            operation,
            path: path.to_owned(),
            source,
        }
    };
    let mut disk = File::open(path).map_err(failed("opening"))?;
    let size = disk.seek(SeekFrom::End(0)).map_err(failed("measuring"))?;
    if size <= HEADER_SIZE as u64 {
        return Err(DeviceError::TooSmall {
            path: path.to_owned(),
            size,
        });
    }
    let mut head = [0; SECTOR];
    disk.read_exact_at(&mut head, 0).map_err(failed("reading"))?;
    Ok(head)
}

/// Writes a header. First all that says nothing, then, when that is on the disk, the one sector that says everything: at each moment
/// the disk has the old header or the new one.
pub(crate) fn write_header(path: &Path, header: &Header) -> Result<(), DeviceError> {
    let failed = |operation| {
        move |source| DeviceError::Io {
            operation,
            path: path.to_owned(),
            source,
        }
    };
    let bytes = header.encode().ok_or(DeviceError::Unwritable)?;
    let (head, rest) = bytes.split_at(SECTOR);
    let disk = OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .map_err(failed("opening"))?;
    disk.write_all_at(rest, SECTOR as u64).map_err(failed("writing"))?;
    disk.sync_all().map_err(failed("syncing"))?;
    disk.write_all_at(head, 0).map_err(failed("writing"))?;
    disk.sync_all().map_err(failed("syncing"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::header::{Found, TpmVersion, parse};
    use crate::key_id::KeyId;
    use crate::secret::Secret;

    #[test]
    fn what_is_written_is_read() {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(HEADER_SIZE as u64).unwrap();
        let error = read_head(file.path()).unwrap_err();
        assert!(matches!(error, DeviceError::TooSmall { size: 2_097_152, .. }));
        file.as_file().set_len(HEADER_SIZE as u64 + 512).unwrap();
        assert_eq!(parse(&read_head(file.path()).unwrap()).unwrap(), Found::None);
        let header = Header {
            cipher: "aes-xts-plain64".to_owned(),
            id: KeyId([1; 16]),
            share: Secret::new(vec![2; 64]),
            tpm: TpmVersion::NONE,
        };
        write_header(file.path(), &header).unwrap();
        assert_eq!(
            parse(&read_head(file.path()).unwrap()).unwrap(),
            Found::V3(header.clone())
        );
        let on_disk = std::fs::read(file.path()).unwrap();
        assert_eq!(on_disk[..HEADER_SIZE], **header.encode().unwrap());
    }
}
