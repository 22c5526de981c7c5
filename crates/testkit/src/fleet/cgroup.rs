//! A cgroup for each node in every hierarchy: nodes that share one collide, as each systemd believes to own what it finds.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::wait::PATIENCE;

const MOUNTS: &str = "/sys/fs/cgroup";

/// The cgroups of a node, one in each hierarchy; made where missing.
pub(super) fn create(fleet: &str, node: &str) -> Result<Vec<PathBuf>> {
    hierarchies()?
        .into_iter()
        .map(|hierarchy| {
            let parent = hierarchy.join(name(fleet));
            let group = parent.join(node);
            fs::create_dir_all(&parent).with_context(|| format!("creating {}", parent.display()))?;
            if hierarchy.ends_with("cpuset") {
                inherit_cpus(&hierarchy, &parent)?;
            }
            fs::create_dir_all(&group).with_context(|| format!("creating {}", group.display()))?;
            Ok(group)
        })
        .collect()
}

/// A cpuset begins empty, and nothing can run in it.
fn inherit_cpus(hierarchy: &Path, group: &Path) -> Result<()> {
    for file in ["cpuset.cpus", "cpuset.mems"] {
        let value = fs::read_to_string(hierarchy.join(file))?;
        fs::write(group.join(file), value.trim()).with_context(|| format!("{file} of {}", group.display()))?;
    }
    fs::write(group.join("cgroup.clone_children"), "1").context("cgroup.clone_children")
}

/// Kills every process of a fleet's cgroups and waits until they are gone.
pub(super) fn kill_all(fleet: &str) -> Result<()> {
    let end = Instant::now() + PATIENCE;
    loop {
        let alive = processes(fleet)?;
        if alive.is_empty() {
            return Ok(());
        }
        if Instant::now() > end {
            bail!("processes do not die: {alive:?}");
        }
        for pid in alive {
            // Gone between the look and the signal: that is what is wanted.
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The processes of a fleet.
pub(super) fn processes(fleet: &str) -> Result<Vec<i32>> {
    let mut found = Vec::new();
    for group in groups(fleet)? {
        // A group that goes away meanwhile has no processes.
        let text = fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default();
        found.extend(
            text.lines()
                .filter_map(|line| line.parse::<i32>().ok())
                .filter(|pid| *pid > 0),
        );
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// Removes a fleet's cgroups, which must be empty.
pub(super) fn remove(fleet: &str) -> Result<()> {
    let end = Instant::now() + PATIENCE;
    for group in groups(fleet)? {
        loop {
            match fs::remove_dir(&group) {
                Ok(()) => break,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => break,
                // The kernel needs a moment after the last process.
                Err(_) if Instant::now() < end => std::thread::sleep(Duration::from_millis(10)),
                Err(error) => return Err(error).with_context(|| format!("removing {}", group.display())),
            }
        }
    }
    Ok(())
}

/// All cgroups of a fleet, the inner ones first.
fn groups(fleet: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for hierarchy in hierarchies()? {
        let group = hierarchy.join(name(fleet));
        if group.is_dir() {
            collect(&group, &mut found);
        }
    }
    Ok(found)
}

fn collect(group: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(group).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            collect(&entry.path(), found);
        }
    }
    found.push(group.to_owned());
}

fn name(fleet: &str) -> String {
    format!("nf-{fleet}")
}

/// The mount points of all hierarchies of version 1, and of the unified one beside them.
fn hierarchies() -> Result<Vec<PathBuf>> {
    let mounts = fs::read_to_string("/proc/self/mounts").context("/proc/self/mounts")?;
    let found: Vec<PathBuf> = mounts
        .lines()
        .filter_map(|line| {
            let mut fields = line.split(' ');
            let (_, place, kind) = (fields.next()?, fields.next()?, fields.next()?);
            (kind.starts_with("cgroup") && place.starts_with(MOUNTS)).then(|| PathBuf::from(place))
        })
        .collect();
    if found.is_empty() {
        bail!("no cgroup hierarchy is mounted below {MOUNTS}");
    }
    Ok(found)
}
