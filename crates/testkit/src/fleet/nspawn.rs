//! One node's container, started again after each reboot for as long as its power is on.
//!
//! What is wanted and what runs stands in files of the node's folder, so that another process (`neco-lab`) can switch a node too:
//! `power` holds `on`, `off` or `end`, `pid` the container's supervisor, `boots` how often it was started, `cut` is there when its
//! cable is cut.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::layout::{Layout, NodeSpec};
use super::{cgroup, network, root};

/// How systemd-nspawn ends when the container asks for a reboot.
const REBOOT: i32 = 133;
const GLANCE: Duration = Duration::from_millis(50);

/// What a node's power switch says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Power {
    /// It runs, or starts.
    On,
    /// It stands still until it is switched on.
    Off,
    /// It is taken away.
    End,
}

/// Sets the switch.
pub(super) fn set_power(dir: &Path, power: Power) -> Result<()> {
    let text = match power {
        Power::On => "on",
        Power::Off => "off",
        Power::End => "end",
    };
    note(dir, "power", text)
}

/// Reads the switch; a node whose folder is gone is taken away.
pub(super) fn power(dir: &Path) -> Power {
    match fs::read_to_string(dir.join("power")).as_deref() {
        Ok("on") => Power::On,
        Ok("off") => Power::Off,
        _ => Power::End,
    }
}

/// Writes a word about a node as a whole: others read it meanwhile.
fn note(dir: &Path, name: &str, text: &str) -> Result<()> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let part = dir.join(format!(
        "{name}-{}-{}",
        std::process::id(),
        NEXT.fetch_add(1, Ordering::Relaxed)
    ));
    super::shell::write(&part, text)?;
    fs::rename(&part, dir.join(name)).with_context(|| format!("writing {name} in {}", dir.display()))
}

/// The container's PID 1, when it runs.
pub(super) fn leader(dir: &Path) -> Result<i32> {
    let pid = fs::read_to_string(dir.join("pid")).context("it has no process")?;
    let pid = pid.trim();
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).context("it does not run")?;
    let first = children.split_whitespace().next().context("it is starting")?;
    first.parse().context("a process id")
}

/// Starts the thread that keeps the container running.
pub(super) fn supervise(layout: &Arc<Layout>, node: &NodeSpec) -> Result<JoinHandle<()>> {
    let container = Container::new(layout, node)?;
    let name = format!("node {}", node.name);
    let thread = std::thread::Builder::new().name(name).spawn(move || container.keep())?;
    Ok(thread)
}

struct Container {
    layout: Arc<Layout>,
    node: NodeSpec,
    dir: PathBuf,
    base: PathBuf,
    cgroups: Vec<PathBuf>,
    boots: u32,
}

impl Container {
    fn new(layout: &Arc<Layout>, node: &NodeSpec) -> Result<Self> {
        Ok(Self {
            cgroups: cgroup::create(&layout.id, &node.name)?,
            dir: layout.node_dir(&node.name),
            base: root::base()?,
            layout: layout.clone(),
            node: node.clone(),
            boots: 0,
        })
    }

    fn keep(mut self) {
        loop {
            match power(&self.dir) {
                Power::End => return,
                Power::Off => std::thread::sleep(GLANCE),
                Power::On => {
                    if let Err(error) = self.boot_once() {
                        self.note(&format!("{error:#}"));
                        // A container that cannot start is like a machine that broke down.
                        let _ = set_power(&self.dir, Power::Off);
                    }
                }
            }
        }
    }

    /// One life of the container.
    fn boot_once(&mut self) -> Result<()> {
        network::plug(&self.layout, &self.node, !self.dir.join("cut").exists())?;
        let mut child = self.spawn()?;
        note(&self.dir, "pid", &child.id().to_string())?;
        self.boots += 1;
        note(&self.dir, "boots", &self.boots.to_string())?;
        let status = child.wait()?;
        // The kernel of a namespace answers pings although nothing runs in it.
        network::unplug(&self.layout, &self.node);
        let _ = fs::remove_file(self.dir.join("pid"));
        match (status.code(), power(&self.dir)) {
            (Some(REBOOT), _) | (_, Power::End | Power::Off) => Ok(()),
            // Killed from outside, or switched off from inside.
            (_, Power::On) => bail!("the container ended: {status}"),
        }
    }

    /// The mount of its root is its own: it goes with the process. `setpriv` and the others replace themselves: the process id is
    /// systemd-nspawn's, and no container outlives the process that started it.
    fn spawn(&self) -> Result<Child> {
        let log = self.log()?;
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "KILL", "unshare", "--mount", "sh", "-ec", SCRIPT, "node"])
            .env("CGROUPS", self.words(&self.cgroups))
            .env(
                "NAMESPACE",
                format!("/run/netns/{}", self.layout.namespace(&self.node.name)),
            )
            .env("OVERLAY", self.overlay())
            .env("ROOT", self.dir.join("root"))
            // Docker needs to write below /proc/sys/net.
            .env("SYSTEMD_NSPAWN_API_VFS_WRITABLE", "network")
            .args(self.arguments());
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        command.spawn().context("setpriv is missing: install util-linux")
    }

    fn words(&self, paths: &[PathBuf]) -> String {
        let words: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
        words.join(" ")
    }

    fn overlay(&self) -> String {
        let (base, dir) = (self.base.display(), self.dir.display());
        format!("lowerdir={base},upperdir={dir}/up,workdir={dir}/work")
    }

    fn arguments(&self) -> Vec<String> {
        let layout = &self.layout;
        let mut arguments = vec![
            "--quiet".to_owned(),
            format!("--directory={}", self.dir.join("root").display()),
            format!("--machine={}", layout.namespace(&self.node.name)),
            format!("--hostname={}", self.node.name),
            format!(
                "--network-namespace-path=/run/netns/{}",
                layout.namespace(&self.node.name)
            ),
            "--system-call-filter=add_key keyctl bpf perf_event_open @module @mount @keyring".to_owned(),
        ];
        arguments.extend(
            [
                "--boot",
                "--register=no",
                "--keep-unit",
                "--capability=all",
                "--bind=/dev/kmsg",
                "--bind=/dev/fuse",
                "--console=pipe",
            ]
            .map(str::to_owned),
        );
        arguments.extend(
            root::DISKS
                .iter()
                .map(|(folder, place)| format!("--bind={}:{place}", self.dir.join(folder).display())),
        );
        arguments
    }

    fn log(&self) -> Result<File> {
        let path = self.dir.join("console.log");
        let file = OpenOptions::new().create(true).append(true).open(&path);
        file.with_context(|| format!("opening {}", path.display()))
    }

    fn note(&self, text: &str) {
        use std::io::Write as _;
        if let Ok(mut file) = self.log() {
            let _ = writeln!(file, "fleet: {text}");
        }
    }
}

/// Joins the node's cgroups, mounts its root and becomes systemd-nspawn in the node's network.
const SCRIPT: &str = r#"
for group in $CGROUPS; do echo $$ >"$group/cgroup.procs"; done
mount -t overlay overlay -o "$OVERLAY" "$ROOT"
exec nsenter --net="$NAMESPACE" systemd-nspawn "$@"
"#;
