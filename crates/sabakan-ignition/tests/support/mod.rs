//! The tree of templates beside these tests, and a machine to render for.

#![allow(dead_code, reason = "each test file takes what it needs")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use sabakan_ignition::{Built, Tree, Urls, build};
use sabakan_model::{Machine, decode_stored};

pub(crate) struct Disk;

impl Tree for Disk {
    fn read(&self, path: &Path) -> Result<Vec<u8>, String> {
        fs::read(path).map_err(|error| error.to_string())
    }

    /// A checkout keeps of a mode only whether it is executable.
    fn mode(&self, path: &Path) -> Result<u32, String> {
        let meta = fs::metadata(path).map_err(|error| error.to_string())?;
        Ok(if meta.permissions().mode() & 0o100 == 0 {
            0o644
        } else {
            0o755
        })
    }

    fn directory(&self, file: &Path) -> Result<PathBuf, String> {
        fs::canonicalize(file.parent().unwrap()).map_err(|error| error.to_string())
    }
}

pub(crate) fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

pub(crate) fn read(name: &str) -> String {
    let path = tests().join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn machine() -> Machine {
    decode_stored(read("templates/machine.json").as_bytes()).unwrap()
}

pub(crate) fn urls() -> Urls {
    Urls {
        http: "http://10.69.0.3:10080".into(),
        https: "https://10.69.0.3:10443".into(),
    }
}

/// Builds a template of the tree with the metadata beside it.
pub(crate) fn built(source: &str) -> Built {
    let metadata = decode_stored(read("templates/meta.json").as_bytes()).unwrap();
    build(&Disk, &tests().join("templates").join(source), Some(metadata)).unwrap()
}

/// An error with its causes, as a program shows it.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}
