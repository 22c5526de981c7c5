//! Where lines go.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use super::LogError;

/// The file of this process's log, so that [`reopen`] finds it.
static LOG_FILE: OnceLock<LogFile> = OnceLock::new();

/// stderr, or the one log file.
pub(super) enum Sink {
    Stderr,
    File(&'static LogFile),
}

pub(super) struct LogFile {
    path: PathBuf,
    file: Mutex<File>,
}

impl Sink {
    /// `path` empty is stderr.
    pub(super) fn open(path: &str) -> Result<Sink, LogError> {
        if path.is_empty() {
            return Ok(Sink::Stderr);
        }
        let failed = |source| LogError::File {
            path: path.into(),
            source,
        };
        let path = std::path::absolute(path).map_err(failed)?;
        let file = append_to(&path).map_err(failed)?;
        Ok(Sink::File(LOG_FILE.get_or_init(|| LogFile {
            path,
            file: Mutex::new(file),
        })))
    }

    /// One line in one write. A log that cannot be written must not stop the program.
    pub(super) fn write(&self, line: &str) {
        let _ = match self {
            Sink::Stderr => std::io::stderr().lock().write_all(line.as_bytes()),
            Sink::File(log) => log
                .file
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .write_all(line.as_bytes()),
        };
    }
}

/// Opens the log file anew, after it was moved away (by logrotate). Nothing happens when logs go to stderr.
///
/// # Errors
/// When it cannot be opened; the old file is kept then.
pub fn reopen() -> std::io::Result<()> {
    if let Some(log) = LOG_FILE.get() {
        *log.file.lock().unwrap_or_else(PoisonError::into_inner) = append_to(&log.path)?;
    }
    Ok(())
}

fn append_to(path: &Path) -> std::io::Result<File> {
    File::options().create(true).append(true).open(path)
}
