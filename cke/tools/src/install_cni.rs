//! `install-cni`: copies the CNI plugins of the image to the node.

#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::flags::Usage;
use crate::program::Program;

/// The program.
pub const INSTALL_CNI: Program = Program {
    name: "install-cni",
    usage: Usage {
        synopsis: "",
        about: "Copies the CNI plugins in /cni_plugins/bin to /host/bin. Those that are there already stay as they are.",
        flags: &[],
        words: (0, usize::MAX),
    },
};

/// Where the plugins lie in the image.
pub const PLUGINS: &str = "/cni_plugins/bin";

/// Where the node's folder of plugins is mounted.
pub const HOST: &str = "/host/bin";

/// Permissions of a plugin.
const MODE: u32 = 0o755;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum Error {
    /// The plugins cannot be listed.
    #[error("failed to read {}", dir.display())]
    List { dir: PathBuf, source: io::Error },
    /// A plugin cannot be copied.
    #[error("failed to copy {} to {}", from.display(), to.display())]
    Copy {
        from: PathBuf,
        to: PathBuf,
        source: io::Error,
    },
}

/// Copies every file of `from` to `to` and says how many were copied. Each appears in one moment, whole and executable: a plugin may be
/// started at any time.
///
/// # Errors
/// See [`Error`]; what was copied before stays.
pub fn install(from: &Path, to: &Path) -> Result<usize, Error> {
    let failed = |source| Error::List {
        dir: from.to_owned(),
        source,
    };
    let entries: Vec<_> = fs::read_dir(from)
        .map_err(failed)?
        .collect::<Result<_, _>>()
        .map_err(failed)?;
    let mut copied = 0;
    for entry in entries {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        let done = copy(&from, &to).map_err(|source| Error::Copy { from, to, source })?;
        copied += usize::from(done);
    }
    Ok(copied)
}

/// Whether a copy was necessary.
fn copy(from: &Path, to: &Path) -> io::Result<bool> {
    let plugin = fs::read(from)?;
    if installed(&plugin, to) {
        return Ok(false);
    }
    let mut name = to.file_name().unwrap_or_default().to_owned();
    name.push(".tmp");
    let part = to.with_file_name(name);
    write(&plugin, &part)
        .and_then(|()| fs::rename(&part, to))
        .inspect_err(|_| {
            // What went wrong is told; the part that remains is replaced the next time.
            let _ = fs::remove_file(&part);
        })?;
    Ok(true)
}

fn installed(plugin: &[u8], to: &Path) -> bool {
    let same_mode = fs::symlink_metadata(to).is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o7777 == MODE);
    same_mode && fs::read(to).is_ok_and(|there| there == plugin)
}

fn write(plugin: &[u8], part: &Path) -> io::Result<()> {
    fs::write(part, plugin)?;
    fs::set_permissions(part, fs::Permissions::from_mode(MODE))?;
    File::open(part)?.sync_all()
}
