//! An image as a tar archive: what operators upload and servers pull.
//!
//! It holds exactly the members `kernel` and `initrd.gz`, as regular files at its top. The reader streams, writes only
//! these two names, and stops at the first thing that is not allowed, so that no archive can leave its directory or grow
//! beyond its limit.

mod write;

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Read, Write},
    path::Path,
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tar::EntryType;

use crate::disk::{DiskError, sync_dir};
pub use write::content;

/// Members of an archive, in the order in which both programs write them.
pub const MEMBERS: [&str; 2] = ["initrd.gz", "kernel"];

/// Bytes that may follow the last member; GNU tar pads to 10 KiB, other programs to more.
const MAX_TRAILER: u64 = 1024 * 1024;

/// Bytes of an extended header that is skipped.
const MAX_EXTENSION: u64 = 64 * 1024;

/// What an image is made of, whatever its archive looked like.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digests(pub BTreeMap<String, Member>);

/// One member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Bytes.
    pub size: u64,
    /// SHA-256 in hexadecimal.
    pub sha256: String,
}

impl Digests {
    /// Bytes of all members.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.0.values().map(|member| member.size).sum()
    }

    /// A tag that is the same wherever the image is the same.
    #[must_use]
    pub fn etag(&self) -> String {
        let mut hasher = Sha256::new();
        for (name, member) in &self.0 {
            hasher.update(format!("{name} {} {}\n", member.size, member.sha256));
        }
        format!("\"{}\"", hex::encode(hasher.finalize()))
    }
}

/// Why an archive is refused.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// It is no tar archive, or a damaged one.
    #[error("broken tar archive: {0}")]
    Broken(String),
    /// A member that an image does not have.
    #[error("{name:?} is no member of an image: it has kernel and initrd.gz, once each, as regular files")]
    WrongMember {
        /// Its name in the archive.
        name: String,
    },
    /// A member lacks.
    #[error("the image lacks {name}")]
    Missing {
        /// Its name.
        name: &'static str,
    },
    /// More bytes than allowed.
    #[error("the image is larger than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: u64,
    },
    /// The source of the archive broke off.
    #[error("reading the archive failed")]
    Read {
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The disk refused.
    #[error(transparent)]
    Disk(#[from] DiskError),
}

/// Reads an archive and writes its members, synced, into the new directory `to`.
///
/// # Errors
/// When the archive is refused or the disk is full. `to` is then left for the caller to remove.
pub fn extract(from: impl Read, to: &Path, limit: u64) -> Result<Digests, ArchiveError> {
    fs::create_dir_all(to).map_err(DiskError::io("creating", to))?;
    let mut digests = Digests::default();
    let mut archive = tar::Archive::new(from);
    let mut left = limit;
    for entry in archive.entries().map_err(broken)?.raw(true) {
        let mut entry = entry.map_err(broken)?;
        let kind = entry.header().entry_type();
        let size = entry.header().entry_size().map_err(broken)?;
        if matches!(kind, EntryType::XHeader | EntryType::XGlobalHeader) && size <= MAX_EXTENSION {
            refuse_extended(&mut entry)?;
            continue;
        }
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let known = MEMBERS.contains(&name.as_str()) && !digests.0.contains_key(&name);
        if !known || !matches!(kind, EntryType::Regular | EntryType::Continuous) {
            return Err(ArchiveError::WrongMember { name });
        }
        left = left.checked_sub(size).ok_or(ArchiveError::TooLarge { limit })?;
        let member = write_member(&mut entry, size, &to.join(&name))?;
        digests.0.insert(name, member);
    }
    if let Some(name) = MEMBERS.into_iter().find(|name| !digests.0.contains_key(*name)) {
        return Err(ArchiveError::Missing { name });
    }
    let trailer = io::copy(&mut archive.into_inner().take(MAX_TRAILER + 1), &mut io::sink());
    if trailer.map_err(broken)? > MAX_TRAILER {
        return Err(ArchiveError::Broken("much data after its end".to_owned()));
    }
    sync_dir(to)?;
    Ok(digests)
}

/// Times and owners of an extended header do not matter; a name or a size there would change what the member is.
fn refuse_extended(entry: &mut impl Read) -> Result<(), ArchiveError> {
    let mut text = Vec::new();
    entry.take(MAX_EXTENSION).read_to_end(&mut text).map_err(broken)?;
    let text = String::from_utf8_lossy(&text);
    let changes = |line: &str| {
        line.split_once(' ')
            .is_some_and(|(_, record)| record.starts_with("size="))
    };
    if text.lines().any(changes) {
        return Err(ArchiveError::Broken("a member's size in an extended header".to_owned()));
    }
    Ok(())
}

fn write_member(entry: &mut impl Read, size: u64, path: &Path) -> Result<Member, ArchiveError> {
    let mut file = File::create(path).map_err(DiskError::io("creating", path))?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 256 * 1024];
    let mut left = size;
    while left > 0 {
        let len = entry.read(&mut buffer).map_err(broken)?;
        if len == 0 {
            return Err(ArchiveError::Broken("it ends within a member".to_owned()));
        }
        hasher.update(&buffer[..len]);
        file.write_all(&buffer[..len]).map_err(DiskError::io("writing", path))?;
        left = left.saturating_sub(len as u64);
    }
    file.sync_all().map_err(DiskError::io("syncing", path))?;
    Ok(Member {
        size,
        sha256: hex::encode(hasher.finalize()),
    })
}

/// Told apart: what the tar reader found wrong, and a source that failed.
fn broken(error: io::Error) -> ArchiveError {
    if error
        .get_ref()
        .is_some_and(|inner| inner.is::<crate::intake::BrokenOff>())
    {
        return ArchiveError::Read { source: error };
    }
    ArchiveError::Broken(error.to_string())
}

#[cfg(test)]
mod tests;
