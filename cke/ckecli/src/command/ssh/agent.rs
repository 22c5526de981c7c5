//! An SSH agent that lives as long as the command.

use anyhow::{Context, bail};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// An agent with one key. Dropping it ends it.
pub(super) struct Agent {
    child: Child,
    socket: PathBuf,
    /// The folder that nobody else may look into.
    _folder: TempDir,
}

impl Agent {
    /// Starts an agent and hands it the key.
    pub(super) fn with_key(key: &str) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("ckecli-ssh-")
            .tempdir()
            .context("cannot make a folder")?;
        let socket = folder.path().join("agent");
        let mut command = Command::new("ssh-agent");
        command.arg("-D").arg("-a").arg(&socket);
        // In a group of its own it outlives an interrupt that is meant for the session.
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0);
        let child = command.spawn().context("cannot run ssh-agent")?;
        let mut agent = Self {
            child,
            socket,
            _folder: folder,
        };
        agent.wait()?;
        agent.add(key)?;
        Ok(agent)
    }

    /// Where it listens.
    pub(super) fn socket(&self) -> &Path {
        &self.socket
    }

    /// It says where it listens once it does.
    fn wait(&mut self) -> anyhow::Result<()> {
        let mut said = String::new();
        if let Some(output) = &mut self.child.stdout {
            BufReader::new(output).read_line(&mut said).context("ssh-agent")?;
        }
        if said.is_empty() {
            bail!("ssh-agent ended with {}", self.child.wait()?);
        }
        Ok(())
    }

    fn add(&self, key: &str) -> anyhow::Result<()> {
        let mut command = Command::new("ssh-add");
        command
            .arg("-q")
            .arg("-")
            .env("SSH_AUTH_SOCK", &self.socket)
            .env_remove("SSH_ASKPASS");
        let mut child = command
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot run ssh-add")?;
        if let Some(mut pipe) = child.stdin.take() {
            pipe.write_all(key.as_bytes())
                .context("ssh-add does not take the key")?;
            // OpenSSH wants the last line ended.
            pipe.write_all(b"\n").context("ssh-add does not take the key")?;
        }
        let output = child.wait_with_output().context("ssh-add")?;
        if !output.status.success() {
            bail!(
                "ssh-add does not take the key: {}",
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        Ok(())
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
