//! The boot server: a namespace on the nodes' network, from which a test works as an operator and its programs as daemons.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use anyhow::Result;

use super::layout::Layout;
use super::shell::run;
use crate::netns;

/// The boot server of a fleet.
#[derive(Debug, Clone)]
pub struct BootServer {
    layout: Arc<Layout>,
}

impl BootServer {
    pub(super) fn new(layout: &Arc<Layout>) -> Self {
        Self { layout: layout.clone() }
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> String {
        self.layout.boot_address()
    }

    /// Its network namespace, as `ip netns` knows it.
    #[must_use]
    pub fn namespace(&self) -> String {
        self.layout.namespace("boot")
    }

    /// A command that runs a program there; the process id is the program's.
    #[must_use]
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        netns::command_in(Some(&self.namespace()), program.as_ref())
    }

    /// Runs a closure on a thread there.
    ///
    /// # Panics
    /// With the closure's own panic.
    pub fn run<T: Send>(&self, run: impl FnOnce() -> T + Send) -> T {
        netns::run_in(&self.namespace(), run)
    }

    /// The private key for both users of all nodes; what is run with it is not counted.
    #[must_use]
    pub fn key(&self) -> PathBuf {
        self.layout.dir().join("key")
    }

    /// Another private key for both users of all nodes: for CKE. Each command that is run with it is noted on the node.
    #[must_use]
    pub fn cke_key(&self) -> PathBuf {
        self.layout.dir().join("cke_key")
    }

    pub(super) fn make_keys(&self) -> Result<()> {
        make_key(&self.key())?;
        make_key(&self.cke_key())
    }
}

/// Makes an ed25519 key without a pass-phrase, and `FILE.pub` beside it.
pub(super) fn make_key(file: &Path) -> Result<()> {
    let mut command = Command::new("ssh-keygen");
    run(command
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "fleet", "-f"])
        .arg(file))
    .map(drop)
}
