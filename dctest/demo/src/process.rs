//! Programs that go on when this one ends, and are found again by their id and the time they started: an id alone may be another
//! program's by then.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

/// How long a program may take to end before it is killed.
const PATIENCE: Duration = Duration::from_secs(8);

/// A program that was started.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Process {
    pub(crate) name: String,
    pub(crate) pid: i32,
    /// In clock ticks since the machine started.
    started: u64,
}

impl Process {
    /// Starts `program` in a namespace; its output goes to `NAME.log` in `dir`.
    pub(crate) fn spawn(name: &str, netns: &str, program: &Path, arguments: &[String], dir: &Path) -> Result<Self> {
        let log = File::create(dir.join(format!("{name}.log")))?;
        // setsid and nsenter replace themselves: the id is the program's.
        let child = Command::new("setsid")
            .arg("nsenter")
            .arg(format!("--net=/run/netns/{netns}"))
            .arg(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .current_dir(dir)
            .spawn()
            .with_context(|| format!("starting {name}"))?;
        let pid = i32::try_from(child.id())?;
        let started = start_time(pid).with_context(|| format!("{name} ended at once"))?;
        Ok(Self {
            name: name.to_owned(),
            pid,
            started,
        })
    }

    /// Whether it still runs.
    pub(crate) fn runs(&self) -> bool {
        start_time(self.pid) == Some(self.started)
    }

    /// Asks it to end, and kills it when it does not.
    pub(crate) fn end(&self) {
        for signal in [Signal::SIGTERM, Signal::SIGKILL] {
            if !self.runs() {
                return;
            }
            // Gone between the look and the signal: that is what is wanted.
            let _ = kill(Pid::from_raw(self.pid), signal);
            // Whoever gives up here tries the stronger signal.
            let _ = wait_for(&self.name, PATIENCE, || Ok(!self.runs()));
        }
    }
}

/// When a process started; none when there is none, or only its remains.
fn start_time(pid: i32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may have spaces; the state follows it.
    let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
    if fields.first() == Some(&"Z") {
        return None;
    }
    fields.get(19)?.parse().ok()
}

/// Waits until `condition` holds.
pub(crate) fn wait_for(what: &str, limit: Duration, mut condition: impl FnMut() -> Result<bool>) -> Result<()> {
    let end = Instant::now() + limit;
    while !condition()? {
        if Instant::now() > end {
            bail!("{what}: nothing after {} s", limit.as_secs());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// Runs a command to its end and gives its output; an error has what it said.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let shown = format!("{command:?}").replace('"', "");
    let output = command.output().with_context(|| format!("running {shown}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{shown}: {}", said.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
