//! `make_directories` and `empty-dir`: directories on a node, through the mounts of a container.

#[cfg(test)]
mod tests;

use std::fs::{self, DirBuilder};
use std::io::{self, ErrorKind};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use crate::flags::{Flag, Usage};
use crate::program::Program;

/// The program `make_directories`.
pub const MAKE_DIRECTORIES: Program = Program {
    name: "make_directories",
    usage: Usage {
        synopsis: "[--mode=MODE] DIR [DIR ...]",
        about: "Makes directories, with their parents, with the given permissions. What exists stays as it is.",
        flags: &[Flag {
            name: "mode",
            default: "755",
            help: "permission bits for directories",
        }],
        words: (1, usize::MAX),
    },
};

/// The program `empty-dir`.
pub const EMPTY_DIR: Program = Program {
    name: "empty-dir",
    usage: Usage {
        synopsis: "DIR",
        about: "Removes everything in a directory, and not the directory itself.",
        flags: &[],
        words: (1, 1),
    },
};

/// What went wrong with a directory.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum Error {
    /// Not an octal number of at most 777.
    #[error("invalid mode {0:?}: permission bits in octal are wanted, as 755")]
    Mode(String),
    /// A relative path.
    #[error("non-absolute path: {}", .0.display())]
    Relative(PathBuf),
    /// It cannot be made.
    #[error("failed to create {}", dir.display())]
    Make { dir: PathBuf, source: io::Error },
    /// Its entries cannot be listed.
    #[error("failed to read {}", dir.display())]
    List { dir: PathBuf, source: io::Error },
    /// Some entries remain; all were tried, the first error is told.
    #[error("failed to delete {} ({remain} entries remain)", path.display())]
    Remove {
        path: PathBuf,
        remain: usize,
        source: io::Error,
    },
}

/// Permission bits from octal digits.
///
/// # Errors
/// [`Error::Mode`].
pub fn mode(text: &str) -> Result<u32, Error> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let bits = u32::from_str_radix(text, 8)
        .ok()
        .filter(|bits| digits && *bits <= 0o777);
    bits.ok_or_else(|| Error::Mode(text.to_owned()))
}

/// Makes directories with their parents, all with `mode` less the process's umask; those that exist are left alone.
///
/// # Errors
/// The first that is no absolute path, before anything is made; the first that cannot be made.
pub fn make(dirs: &[String], mode: u32) -> Result<(), Error> {
    if let Some(relative) = dirs.iter().find(|dir| !Path::new(dir).is_absolute()) {
        return Err(Error::Relative(relative.into()));
    }
    for dir in dirs {
        let made = DirBuilder::new().recursive(true).mode(mode).create(dir);
        made.map_err(|source| Error::Make {
            dir: dir.into(),
            source,
        })?;
    }
    Ok(())
}

/// Removes everything in a directory; links are removed, not followed. A directory that does not exist is empty.
///
/// # Errors
/// When it cannot be listed; when something cannot be removed, after the rest was.
pub fn empty(dir: &Path) -> Result<(), Error> {
    let failed = |source| Error::List {
        dir: dir.to_owned(),
        source,
    };
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries
            .map_err(failed)?
            .collect::<Result<Vec<_>, _>>()
            .map_err(failed)?,
    };
    let mut remaining = entries.iter().map(fs::DirEntry::path).filter_map(|path| {
        let error = remove(&path).err()?;
        Some((path, error))
    });
    match remaining.next() {
        None => Ok(()),
        Some((path, source)) => Err(Error::Remove {
            path,
            remain: 1 + remaining.count(),
            source,
        }),
    }
}

/// Removes a file, a link, or a directory with all that is in it. Gone already is as good.
fn remove(path: &Path) -> io::Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        result => result,
    }
}
