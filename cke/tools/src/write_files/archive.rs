//! A tar archive as files in memory.

use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use super::Error;

/// The largest archive that is taken, in bytes: CKE's are some 10 KB.
pub const LARGEST: usize = 64 << 20;

/// What an archive ends with.
const END: [u8; 1024] = [0; 1024];

/// Mode of a file whose header says none.
const MODE: u32 = 0o644;

/// A regular file of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unpacked {
    /// Where it belongs, relative and without `..`.
    pub name: PathBuf,
    /// What it holds.
    pub content: Vec<u8>,
    /// Permission bits.
    pub mode: u32,
    /// User and group.
    pub owner: (u32, u32),
}

/// Reads an archive to its end. Of two files of one name the last counts.
///
/// # Errors
/// When it is damaged, incomplete or too large, or has a name that leads out of the directory.
pub fn unpack(input: impl Read) -> Result<Vec<Unpacked>, Error> {
    let archive = read(input)?;
    let mut files: Vec<Unpacked> = Vec::new();
    for entry in tar::Archive::new(archive.as_slice()).entries().map_err(Error::Read)? {
        let entry = entry.map_err(Error::Read)?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let file = file(entry, archive.len())?;
        files.retain(|earlier| earlier.name != file.name);
        files.push(file);
    }
    Ok(files)
}

fn read(input: impl Read) -> Result<Vec<u8>, Error> {
    let mut archive = Vec::new();
    let limit = u64::try_from(LARGEST).unwrap_or(u64::MAX).saturating_add(1);
    input.take(limit).read_to_end(&mut archive).map_err(Error::Read)?;
    if archive.len() > LARGEST {
        return Err(Error::TooLarge);
    }
    if !archive.ends_with(&END) {
        return Err(Error::CutOff(archive.len()));
    }
    Ok(archive)
}

fn file(mut entry: tar::Entry<'_, &[u8]>, archive: usize) -> Result<Unpacked, Error> {
    let name = place(&entry.path().map_err(Error::Read)?)?;
    let header = entry.header();
    let mode = header.mode().map_err(Error::Read)? & 0o777;
    let id = |id: io::Result<u64>| {
        let id = id.map_err(Error::Read)?;
        u32::try_from(id).map_err(|error| Error::Read(io::Error::other(error)))
    };
    let owner = (id(header.uid())?, id(header.gid())?);
    let size = entry.size();
    let mut content = Vec::new();
    entry.read_to_end(&mut content).map_err(Error::Read)?;
    if u64::try_from(content.len()).ok() != Some(size) {
        return Err(Error::CutOff(archive));
    }
    let mode = if mode == 0 { MODE } else { mode };
    Ok(Unpacked {
        name,
        content,
        mode,
        owner,
    })
}

/// A name as a path below the directory: an absolute one begins there.
fn place(name: &Path) -> Result<PathBuf, Error> {
    let mut place = PathBuf::new();
    for component in name.components() {
        match component {
            Component::Normal(part) => place.push(part),
            Component::RootDir | Component::CurDir => {}
            Component::ParentDir | Component::Prefix(_) => return Err(Error::Name(name.to_owned())),
        }
    }
    if place.as_os_str().is_empty() {
        return Err(Error::Name(name.to_owned()));
    }
    Ok(place)
}
