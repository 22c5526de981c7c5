//! A software TPM 2.0 (`swtpm`), for a machine or for a test that speaks to it directly.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::wait::PATIENCE;

/// A running TPM; its state stays in its directory.
#[derive(Debug)]
pub struct SoftTpm {
    child: Child,
    socket: PathBuf,
}

impl SoftTpm {
    /// A TPM that QEMU connects to at `socket`; it ends with the machine.
    ///
    /// # Errors
    /// When swtpm is missing or does not come up.
    pub fn for_machine(state: &Path, socket: &Path) -> Result<Self> {
        Self::start(
            state,
            socket,
            &[
                "--ctrl",
                &format!("type=unixio,path={}", socket.display()),
                "--terminate",
            ],
        )
    }

    /// A TPM that takes commands at `socket`, ready for use as behind `/dev/tpm0`. One connection after the other.
    ///
    /// # Errors
    /// When swtpm is missing or does not come up.
    pub fn raw(state: &Path, socket: &Path) -> Result<Self> {
        let server = format!("type=unixio,path={}", socket.display());
        Self::start(
            state,
            socket,
            &["--server", &server, "--flags", "not-need-init,startup-clear"],
        )
    }

    fn start(state: &Path, socket: &Path, arguments: &[&str]) -> Result<Self> {
        std::fs::create_dir_all(state)?;
        let log = std::fs::File::create(state.join("swtpm.log"))?;
        let child = Command::new("swtpm")
            .args(["socket", "--tpm2", "--tpmstate", &format!("dir={}", state.display())])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("starting swtpm: is the package swtpm installed?")?;
        let mut tpm = Self {
            child,
            socket: socket.to_owned(),
        };
        tpm.wait_for_socket(state)?;
        Ok(tpm)
    }

    /// Where it listens.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    fn wait_for_socket(&mut self, state: &Path) -> Result<()> {
        let end = Instant::now() + PATIENCE;
        while !listens(self.child.id(), &self.socket) {
            if let Some(status) = self.child.try_wait()? {
                let log = std::fs::read_to_string(state.join("swtpm.log")).unwrap_or_default();
                bail!("swtpm ended with {status}: {log}");
            }
            if Instant::now() > end {
                bail!("swtpm does not listen at {}", self.socket.display());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }
}

/// Whether someone takes connections at `socket`, in the network of a process. The file is there between `bind` and
/// `listen` too, when a connection would be refused; and to try one would use it up. So the kernel is asked (proc(5),
/// `/proc/net/unix`).
#[must_use]
pub fn listens(process: u32, socket: &Path) -> bool {
    const ACCEPTS_CONNECTIONS: &str = "00010000";
    let sockets = std::fs::read_to_string(format!("/proc/{process}/net/unix")).unwrap_or_default();
    let socket = socket.to_string_lossy();
    sockets.lines().any(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        fields.get(3) == Some(&ACCEPTS_CONNECTIONS) && fields.get(7) == Some(&&*socket)
    })
}

impl Drop for SoftTpm {
    fn drop(&mut self) {
        // It may have ended with its machine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
