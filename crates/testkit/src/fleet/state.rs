//! Whose a fleet is: a file in its folder names the process, so that a fleet whose process died can be taken away by the next one.

use std::fs::{self, File};
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use super::layout::{Layout, fleets};

const FILE: &str = "fleet.json";

/// A fleet and its owner.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Claim {
    pub(super) layout: Layout,
    /// The process that holds the [`super::Fleet`].
    pub(super) pid: u32,
    /// When it started, in clock ticks since the machine did: an id alone may be another process's by now.
    started: u64,
}

impl Claim {
    /// Whether the owner lives.
    pub(super) fn held(&self) -> bool {
        start_time(self.pid) == Some(self.started)
    }
}

/// Writes down that this process owns a fleet; everything that it makes comes after this.
pub(super) fn claim(layout: &Layout) -> Result<()> {
    let _lock = lock()?;
    let dir = layout.dir();
    if dir.join(FILE).exists() {
        bail!("a fleet named {} runs already", layout.id);
    }
    fs::create_dir_all(&dir).with_context(|| format!("creating {}", dir.display()))?;
    let pid = std::process::id();
    let claim = Claim {
        layout: layout.clone(),
        pid,
        started: start_time(pid).context("this process has no start time")?,
    };
    fs::write(dir.join(FILE), serde_json::to_vec_pretty(&claim)?).context("writing the fleet's state")
}

/// Removes the claim, as the last of a fleet; tells whether other fleets are there.
pub(super) fn release(layout: &Layout) -> Result<bool> {
    let dir = layout.dir();
    match fs::remove_dir_all(&dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("removing {}", dir.display()))
        }
        _ => Ok(!all()?.is_empty()),
    }
}

/// The fleets that there are, or were when their process died.
pub(super) fn all() -> Result<Vec<Claim>> {
    let folder = fleets();
    let mut found = Vec::new();
    for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
        if let Some(claim) = read(&entry.path())? {
            found.push(claim);
        }
    }
    found.sort_by(|a, b| a.layout.id.cmp(&b.layout.id));
    Ok(found)
}

fn read(dir: &Path) -> Result<Option<Claim>> {
    match fs::read(dir.join(FILE)) {
        // A file that was cut off by a crash tells nothing; its folder is an orphan.
        Ok(text) => Ok(serde_json::from_slice(&text).ok()),
        Err(_) => Ok(None),
    }
}

/// Held while fleets are claimed or taken away by someone else than their owner.
pub(super) fn lock() -> Result<nix::fcntl::Flock<File>> {
    let folder = fleets();
    fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
    let file = File::create(folder.join(".lock")).context("the lock of fleets")?;
    nix::fcntl::Flock::lock(file, nix::fcntl::FlockArg::LockExclusive)
        .map_err(|(_, errno)| errno)
        .context("locking the folder of fleets")
}

fn start_time(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may have spaces; the state follows it.
    let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
    if fields.first() == Some(&"Z") {
        return None;
    }
    fields.get(19)?.parse().ok()
}
