//! The disks that nodes begin with: docker's and containerd's data, with all images in it.
//!
//! Loading half a gigabyte of images takes a minute; linking the files of a node that has them takes less than a second. Layers and
//! blobs are never written in place, so that all nodes may share them; everything else is copied.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use nix::fcntl::{Flock, FlockArg};

use super::layout::cache;
use super::shell::run;

/// The folders of a node's disks that hold images.
pub(super) const FOLDERS: [&str; 3] = ["docker", "containerd", "k8s-containerd"];
/// Folders whose files are never written in place.
const SHARED: [&str; 3] = ["diff", "fs", "blobs"];

/// Where the seed lies.
#[must_use]
pub fn folder() -> PathBuf {
    cache().join("nodes/seed")
}

/// Fails when there is no seed.
///
/// # Errors
/// Then, with what to do.
pub fn require() -> Result<()> {
    if folder().join("images.json").exists() {
        return Ok(());
    }
    bail!("{} is missing: run `make images`", folder().display())
}

/// Gives the seed to a node that has not run yet.
pub(super) fn give(node: &Path) -> Result<()> {
    let _lock = lock(FlockArg::LockShared)?;
    for name in FOLDERS {
        copy(&folder().join(name), &node.join(name))?;
    }
    Ok(())
}

/// Makes the disks of a node that has been stopped the seed.
pub(super) fn take(node: &Path) -> Result<()> {
    let next = cache().join("nodes/seed.next");
    remove(&next)?;
    fs::create_dir_all(&next)?;
    for name in FOLDERS {
        let target = next.join(name);
        fs::rename(node.join(name), &target).with_context(|| format!("moving {name} to {}", target.display()))?;
    }
    fs::copy(node.join("images.json"), next.join("images.json"))?;
    let _lock = lock(FlockArg::LockExclusive)?;
    let old = cache().join("nodes/seed.old");
    remove(&old)?;
    if folder().exists() {
        fs::rename(folder(), &old)?;
    }
    fs::rename(&next, folder())?;
    remove(&old)
}

/// Held shared while a node is given the seed, exclusively while the seed changes.
fn lock(how: FlockArg) -> Result<Flock<File>> {
    let folder = cache().join("nodes");
    fs::create_dir_all(&folder)?;
    let file = File::create(folder.join(".seed-lock"))?;
    Flock::lock(file, how)
        .map_err(|(_, errno)| errno)
        .context("locking the nodes' seed")
}

fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("removing {}", folder.display()))
        }
        _ => Ok(()),
    }
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    remove(to)?;
    run(Command::new("cp").arg("-al").arg(from).arg(to))?;
    separate(to)
}

/// Gives every file that may be written in place a copy of its own.
fn separate(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        if kind.is_dir() {
            if !SHARED.iter().any(|name| entry.file_name() == *name) {
                separate(&path)?;
            }
        } else if kind.is_file() {
            own(&path)?;
        }
    }
    Ok(())
}

fn own(file: &Path) -> Result<()> {
    let copy = file.with_added_extension("own");
    run(Command::new("cp").arg("-p").arg(file).arg(&copy))?;
    fs::rename(&copy, file).with_context(|| format!("copying {}", file.display()))
}
