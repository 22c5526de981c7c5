//! What the demo has made, in a file, so that another run of this program can take it away.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::network;
use crate::process::Process;

/// A demo.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Demo {
    /// Where its files lie.
    pub(crate) dir: PathBuf,
    /// Where sabakan, sabactl and sabakan-cryptsetup lie.
    pub(crate) programs: PathBuf,
    /// Namespace of the boot server.
    pub(crate) boot_ns: String,
    /// Namespace of the rack: its switch and the machine.
    pub(crate) rack_ns: String,
    /// What runs, in the order it was started.
    pub(crate) processes: Vec<Process>,
}

impl Demo {
    /// Makes a folder and names for a new demo.
    pub(crate) fn create(programs: PathBuf) -> Result<Self> {
        let dir = folder()?;
        if dir.exists() {
            std::fs::remove_dir_all(&dir).with_context(|| format!("removing {}", dir.display()))?;
        }
        std::fs::create_dir_all(&dir)?;
        // The process id tells demos of several checkouts apart.
        let id = std::process::id();
        let demo = Self {
            dir,
            programs,
            boot_ns: format!("neco-demo-{id}-boot"),
            rack_ns: format!("neco-demo-{id}-rack"),
            processes: Vec::new(),
        };
        demo.save()?;
        Ok(demo)
    }

    /// The demo that was left running, if there is one.
    pub(crate) fn load() -> Result<Option<Self>> {
        let file = folder()?.join("state.json");
        match std::fs::read(&file) {
            Ok(text) => Ok(Some(
                serde_json::from_slice(&text).with_context(|| format!("reading {}", file.display()))?,
            )),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("reading {}", file.display())),
        }
    }

    pub(crate) fn save(&self) -> Result<()> {
        let file = self.dir.join("state.json");
        std::fs::write(&file, serde_json::to_vec_pretty(self)?).with_context(|| format!("writing {}", file.display()))
    }

    /// Starts a program that goes on when this one ends, and remembers it.
    pub(crate) fn spawn(&mut self, name: &str, netns: &str, program: &Path, arguments: &[String]) -> Result<()> {
        let process = Process::spawn(name, netns, program, arguments, &self.dir)?;
        self.processes.push(process);
        self.save()
    }

    /// Ends the process of this name, if it runs.
    pub(crate) fn end(&mut self, name: &str) -> Result<()> {
        for process in self.processes.iter().filter(|process| process.name == name) {
            process.end();
        }
        self.processes.retain(|process| process.name != name);
        self.save()
    }

    /// Ends what runs, the last first, and removes namespaces and files.
    pub(crate) fn take_away(self) -> Result<()> {
        for process in self.processes.iter().rev() {
            println!("ending {} (process {})", process.name, process.pid);
            process.end();
        }
        // A busy machine may take longer to remove the nodes' disks than their process was given.
        testkit::fleet::sweep()?;
        for name in [&self.boot_ns, &self.rack_ns] {
            println!("removing namespace {name}");
            network::remove(name);
        }
        println!("removing {}", self.dir.display());
        std::fs::remove_dir_all(&self.dir).with_context(|| format!("removing {}", self.dir.display()))
    }
}

/// Where programs that were installed for tests lie.
pub(crate) fn cache() -> Result<PathBuf> {
    if let Some(cache) = std::env::var_os("NECO_CACHE").filter(|cache| !cache.is_empty()) {
        return Ok(cache.into());
    }
    let home = std::env::var_os("HOME").context("neither NECO_CACHE nor HOME is set")?;
    Ok(Path::new(&home).join(".cache/neco"))
}

/// `NECO_DEMO_DIR` lets several demos stand side by side.
fn folder() -> Result<PathBuf> {
    match std::env::var_os("NECO_DEMO_DIR").filter(|dir| !dir.is_empty()) {
        Some(dir) => Ok(dir.into()),
        None => Ok(cache()?.join("demo")),
    }
}
