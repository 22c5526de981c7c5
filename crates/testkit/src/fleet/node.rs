//! A node, as its operator sees it.
//!
//! The value holds names only: any number of them may speak of the same node, from any process.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use parking_lot::Mutex;

use super::layout::{Layout, NodeSpec, Role};
use super::nspawn::{self, Power};
use super::shell::{run, wait_for};
use super::{network, root, seed};

/// Who logs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum User {
    /// root.
    Root,
    /// `cke`, who is not root, but may use docker, and sudo without a password.
    Cke,
}

impl User {
    /// The user's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            User::Root => "root",
            User::Cke => "cke",
        }
    }
}

/// A node of a fleet.
#[derive(Debug)]
pub struct Node {
    layout: Arc<Layout>,
    spec: NodeSpec,
    dir: PathBuf,
    supervisor: Mutex<Option<JoinHandle<()>>>,
}

impl Node {
    /// The node of a fleet that this or another process started.
    #[must_use]
    pub fn new(layout: &Arc<Layout>, spec: &NodeSpec) -> Self {
        Self {
            layout: layout.clone(),
            spec: spec.clone(),
            dir: layout.node_dir(&spec.name),
            supervisor: Mutex::new(None),
        }
    }

    /// The host name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.spec.name
    }

    /// The address.
    #[must_use]
    pub fn address(&self) -> String {
        self.layout.address(&self.spec)
    }

    /// The network of its pods.
    #[must_use]
    pub fn pods(&self) -> String {
        self.layout.pods(&self.spec)
    }

    /// What it is meant for.
    #[must_use]
    pub fn role(&self) -> Role {
        self.spec.role
    }

    /// Makes its files and starts it.
    pub(super) fn create(&self, seeded: bool) -> Result<()> {
        root::create(&self.layout, &self.spec)?;
        if seeded {
            seed::give(&self.dir)?;
        }
        nspawn::set_power(&self.dir, Power::On)?;
        *self.supervisor.lock() = Some(nspawn::supervise(&self.layout, &self.spec)?);
        Ok(())
    }

    /// A command that runs `script` on the node as this user, by a shell.
    #[must_use]
    pub fn command_as(&self, user: User, script: &str) -> Command {
        let mut command = self.login(user);
        command.arg(script);
        command
    }

    /// A command that logs in on the node.
    #[must_use]
    pub fn login(&self, user: User) -> Command {
        self.login_within(user, 60)
    }

    /// The same; it gives up when the node does not let it in within so many seconds.
    fn login_within(&self, user: User, seconds: u8) -> Command {
        let boot = super::BootServer::new(&self.layout);
        let mut command = boot.command("ssh");
        command.arg("-i").arg(boot.key());
        for option in [
            "StrictHostKeyChecking=no",
            "UserKnownHostsFile=/dev/null",
            "LogLevel=ERROR",
            "BatchMode=yes",
        ] {
            command.args(["-o", option]);
        }
        command.args(["-o", &format!("ConnectTimeout={seconds}")]);
        command.arg(format!("{}@{}", user.name(), self.address()));
        command
    }

    /// Runs `script` as this user and gives what it printed.
    ///
    /// # Errors
    /// When it fails or the node does not answer.
    pub fn ssh_as(&self, user: User, script: &str) -> Result<String> {
        run(&mut self.command_as(user, script)).with_context(|| format!("on {}", self.name()))
    }

    /// Runs `script` as root and gives what it printed.
    ///
    /// # Errors
    /// When it fails or the node does not answer.
    pub fn ssh(&self, script: &str) -> Result<String> {
        self.ssh_as(User::Root, script)
    }

    /// Waits until it takes commands, and runs docker and both containerds.
    ///
    /// # Errors
    /// When it does not, with the end of its console.
    pub fn wait_until_up(&self, patience: Duration) -> Result<()> {
        wait_for(&format!("{} to come up", self.name()), patience, || {
            if self.power() == Power::Off {
                bail!("its power is off");
            }
            // Soon: where nothing listens yet, nothing may answer either.
            let mut look = self.login_within(User::Root, 10);
            run(look.arg("systemctl is-active docker k8s-containerd && test -S /var/run/docker.sock")).map(drop)
        })
        .with_context(|| format!("the console of {} ends so:\n{}", self.name(), self.console_tail(15)))
    }

    /// Reboots it in order, and waits until it is up again.
    ///
    /// # Errors
    /// When it does not go down or does not come up.
    pub fn reboot(&self) -> Result<()> {
        let before = self.boots();
        // The connection may end before the command's answer comes.
        let _ = self.ssh("systemctl reboot");
        self.wait_for_boot(before)?;
        self.wait_until_up(super::PATIENCE)
    }

    /// Waits until it has been started more than `before` times.
    ///
    /// # Errors
    /// When it has not.
    pub fn wait_for_boot(&self, before: u32) -> Result<()> {
        wait_for(&format!("{} to boot", self.name()), super::PATIENCE, || {
            if self.boots() > before {
                Ok(())
            } else {
                bail!("it was started {before} times, and not again")
            }
        })
    }

    /// How often it was started.
    #[must_use]
    pub fn boots(&self) -> u32 {
        let text = fs::read_to_string(self.dir.join("boots"));
        text.ok().and_then(|text| text.parse().ok()).unwrap_or(0)
    }

    /// Cuts its power, at once.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub fn cut_power(&self) -> Result<()> {
        nspawn::set_power(&self.dir, Power::Off)?;
        wait_for(&format!("{} to stop", self.name()), super::PATIENCE, || {
            // A node that is about to start has no process yet, and has one at the next look.
            if let Ok(leader) = nspawn::leader(&self.dir) {
                // Gone between the look and the signal: that is what is wanted.
                let _ = kill(Pid::from_raw(leader), Signal::SIGKILL);
            }
            if self.dir.join("pid").exists() {
                bail!("it still runs")
            }
            Ok(())
        })
    }

    /// Gives it power again; it boots.
    ///
    /// # Errors
    /// When its switch cannot be set.
    pub fn restore_power(&self) -> Result<()> {
        nspawn::set_power(&self.dir, Power::On)
    }

    /// Whether its power is on.
    #[must_use]
    pub fn has_power(&self) -> bool {
        self.power() == Power::On
    }

    fn power(&self) -> Power {
        nspawn::power(&self.dir)
    }

    /// Cuts it from the network: nothing passes, and neither side is told. It stays cut through reboots.
    ///
    /// # Errors
    /// When the switch refuses.
    pub fn cut_network(&self) -> Result<()> {
        fs::write(self.dir.join("cut"), "")?;
        network::cut(&self.layout, self.name())
    }

    /// Heals its link to the network.
    ///
    /// # Errors
    /// When the switch refuses.
    pub fn heal_network(&self) -> Result<()> {
        let _ = fs::remove_file(self.dir.join("cut"));
        network::heal(&self.layout, self.name())
    }

    /// Gives it another SSH host key, as after a boot from the network; for a node whose power is cut.
    ///
    /// # Errors
    /// When it runs, or the key cannot be made.
    pub fn renew_host_key(&self) -> Result<()> {
        if self.has_power() {
            bail!("{} runs: cut its power first", self.name());
        }
        root::renew_host_key(&self.layout, &self.spec)
    }

    /// The commands that were run over SSH with CKE's key, the oldest first.
    ///
    /// # Errors
    /// When the node does not answer.
    pub fn cke_commands(&self) -> Result<Vec<String>> {
        let log = self.ssh("cat /var/log/ssh-commands.log 2>/dev/null || true")?;
        let lines = log
            .lines()
            .filter(|line| line.as_bytes().first().is_some_and(u8::is_ascii_digit));
        Ok(lines.map(str::to_owned).collect())
    }

    /// The process that is PID 1 in it: `nsenter --target` takes it.
    ///
    /// # Errors
    /// When it does not run.
    pub fn leader(&self) -> Result<i32> {
        nspawn::leader(&self.dir).with_context(|| format!("node {}", self.name()))
    }

    /// The last lines of its console.
    #[must_use]
    pub fn console_tail(&self, lines: usize) -> String {
        let text = fs::read_to_string(self.dir.join("console.log")).unwrap_or_default();
        let all: Vec<&str> = text.lines().collect();
        all[all.len().saturating_sub(lines)..].join("\n")
    }

    /// Says that it is not to be started again.
    pub(super) fn give_up(&self) {
        // Its folder may be gone: that says the same.
        let _ = nspawn::set_power(&self.dir, Power::End);
    }

    /// Waits for the thread that kept it running.
    pub(super) fn join(&self) {
        if let Some(thread) = self.supervisor.lock().take() {
            // A panic there has been printed.
            let _ = thread.join();
        }
    }
}
