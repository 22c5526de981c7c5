//! Which disks are encrypted: those of `/sys/block` that are real, fixed, writable and shown, less the excluded ones.

use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::glob::{BadPattern, Pattern};

/// A disk to encrypt, by its name in `/sys/block`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Disk {
    name: String,
}

/// Why no list of disks could be made.
#[derive(Debug, Error)]
pub enum DisksError {
    /// A pattern of `--excludes` cannot be read.
    #[error(transparent)]
    Pattern(#[from] BadPattern),
    /// The kernel's description of a disk cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// What was read.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
}

impl Disk {
    /// A disk by its name, as `sda` or `nvme0n1`.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned() }
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The disk's device. The kernel writes `!` for `/` in names under `/sys/block`.
    #[must_use]
    pub fn device(&self) -> PathBuf {
        Path::new("/dev").join(self.name.replace('!', "/"))
    }

    /// The name of the decrypted device.
    #[must_use]
    pub fn crypt_name(&self) -> String {
        format!("crypt-{}", self.name)
    }

    /// The decrypted device.
    #[must_use]
    pub fn crypt_device(&self) -> PathBuf {
        Path::new("/dev/mapper").join(self.crypt_name())
    }
}

/// The disks under `base` (`/sys/block`), sorted by name.
///
/// # Errors
/// When a pattern is wrong or the kernel's files cannot be read.
pub fn find_disks(base: &Path, excludes: &[String]) -> Result<Vec<Disk>, DisksError> {
    let excludes = Pattern::parse_all("--excludes", excludes)?;
    let failed = |source| DisksError::Read {
        path: base.to_owned(),
        source,
    };
    let mut disks = Vec::new();
    for entry in std::fs::read_dir(base).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name().to_string_lossy().into_owned();
        let excluded = excludes.iter().any(|pattern| pattern.matches(&name));
        if !excluded && is_wanted(&base.join(&name))? {
            disks.push(Disk { name });
        }
    }
    disks.sort();
    Ok(disks)
}

/// Real disks have a link `device`; flags that a driver does not give are off.
fn is_wanted(disk: &Path) -> Result<bool, DisksError> {
    if !disk.join("device").exists() {
        return Ok(false);
    }
    for name in ["removable", "hidden", "ro"] {
        if flag(&disk.join(name))? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn flag(path: &Path) -> Result<bool, DisksError> {
    match std::fs::read(path) {
        Ok(text) => Ok(text.first().is_some_and(|&byte| byte != b'0')),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(DisksError::Read {
            path: path.to_owned(),
            source,
        }),
    }
}

#[cfg(test)]
mod tests;
