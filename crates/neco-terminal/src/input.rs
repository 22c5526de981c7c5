//! Files that commands read.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// A file that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {}", .path.display())]
pub struct ReadError {
    path: PathBuf,
    source: io::Error,
}

/// Reads a file, or standard input for `-`.
///
/// # Errors
/// [`ReadError`].
pub fn bytes(path: &Path) -> Result<Vec<u8>, ReadError> {
    let mut content = Vec::new();
    let read = if path == Path::new("-") {
        io::stdin().read_to_end(&mut content)
    } else {
        std::fs::File::open(path).and_then(|mut file| file.read_to_end(&mut content))
    };
    match read {
        Ok(_) => Ok(content),
        Err(source) => Err(ReadError {
            path: path.to_owned(),
            source,
        }),
    }
}
