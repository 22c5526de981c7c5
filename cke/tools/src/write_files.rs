//! `write_files`: writes the files of a tar archive from stdin under a directory, all of them or none.
//!
//! The archive is read to its end before anything is written: one that was cut off (the connection to the node broke) changes nothing.
//! Then each file is written and synced beside its place, and only when all are there are they renamed. Names cannot lead out of the
//! directory. What is no regular file is passed over.

mod archive;

#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};

use crate::directories;
use crate::flags::{Arguments, Flag, Usage};
use crate::program::Program;

pub use archive::{LARGEST, Unpacked, unpack};

/// The program.
pub const WRITE_FILES: Program = Program {
    name: "write_files",
    usage: Usage {
        synopsis: "[--mode=MODE] DIR",
        about: "Reads a tar archive from stdin and writes its files under DIR: all of them, or none when something is wrong.",
        flags: &[Flag {
            name: "mode",
            default: "",
            help: "permission bits for all files, instead of those in the archive",
        }],
        words: (1, 1),
    },
};

/// Permissions of directories that are made on the way.
const DIRECTORY_MODE: u32 = 0o755;

/// What went wrong. Nothing was changed, except where a rename failed.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum Error {
    /// `--mode` is not understood.
    #[error(transparent)]
    Mode(#[from] directories::Error),
    /// The archive cannot be read, or is damaged.
    #[error("failed to read tar")]
    Read(#[source] io::Error),
    /// The archive has no end.
    #[error("failed to read tar: it was cut off after {0} bytes")]
    CutOff(usize),
    /// The archive is larger than any that CKE makes.
    #[error("failed to read tar: it is larger than {LARGEST} bytes")]
    TooLarge,
    /// A name that leads out of the directory, or to the directory itself.
    #[error("the archive holds a file with the name {0:?}, which is no place for a file")]
    Name(PathBuf),
    /// A directory cannot be made.
    #[error("failed to mkdir {}", dir.display())]
    MakeDir { dir: PathBuf, source: io::Error },
    /// A file cannot be written.
    #[error("failed to write {}", path.display())]
    Write { path: PathBuf, source: io::Error },
    /// A file cannot be put in its place.
    #[error("failed to rename {} into its place", path.display())]
    Rename { path: PathBuf, source: io::Error },
}

/// Does what the command line says.
///
/// # Errors
/// See [`Error`].
pub fn run(args: &Arguments, input: impl Read) -> Result<(), Error> {
    let mode = Some(args.value("mode")).filter(|mode| !mode.is_empty());
    let mode = mode.map(directories::mode).transpose()?;
    let mut files = unpack(input)?;
    if let Some(mode) = mode {
        files.iter_mut().for_each(|file| file.mode = mode);
    }
    let root = args.words.first().map(Path::new).unwrap_or(Path::new("/"));
    write(root, &files)
}

/// Writes files under `root`, with their modes and owners. Files that exist are replaced, in one moment each.
///
/// # Errors
/// See [`Error`].
pub fn write(root: &Path, files: &[Unpacked]) -> Result<(), Error> {
    let staged = files
        .iter()
        .map(|file| Staged::new(root, file))
        .collect::<Result<Vec<_>, _>>()?;
    staged.into_iter().try_for_each(Staged::put)
}

/// A file that is complete, beside its place. It is removed unless it is put there.
struct Staged {
    place: PathBuf,
    part: PathBuf,
}

impl Staged {
    fn new(root: &Path, file: &Unpacked) -> Result<Staged, Error> {
        let place = root.join(&file.name);
        if let Some(dir) = place.parent() {
            let made = fs::DirBuilder::new().recursive(true).mode(DIRECTORY_MODE).create(dir);
            made.map_err(|source| Error::MakeDir {
                dir: dir.to_owned(),
                source,
            })?;
        }
        let mut part = place.clone().into_os_string();
        part.push(".tmp");
        let staged = Staged {
            place,
            part: part.into(),
        };
        let written = staged.write(file);
        written.map_err(|source| Error::Write {
            path: staged.part.clone(),
            source,
        })?;
        Ok(staged)
    }

    fn write(&self, file: &Unpacked) -> io::Result<()> {
        // What an earlier run left is not written to: it may be a link, and has an owner and a mode of its own.
        match fs::remove_file(&self.part) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut part = File::options().write(true).create_new(true).open(&self.part)?;
        part.set_permissions(fs::Permissions::from_mode(0o600))?;
        part.write_all(&file.content)?;
        let (user, group) = file.owner;
        if (user, group) != (0, 0) {
            fchown(&part, Some(user), Some(group))?;
        }
        part.set_permissions(fs::Permissions::from_mode(file.mode))?;
        part.sync_all()
    }

    fn put(self) -> Result<(), Error> {
        let renamed = fs::rename(&self.part, &self.place).and_then(|()| sync_directory(&self.place));
        renamed.map_err(|source| Error::Rename {
            path: self.place.clone(),
            source,
        })
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        // After the rename there is nothing to remove.
        let _ = fs::remove_file(&self.part);
    }
}

/// Makes a rename last through a power cut.
fn sync_directory(of: &Path) -> io::Result<()> {
    of.parent().map_or(Ok(()), |dir| File::open(dir)?.sync_all())
}
