//! What nodes change on the machine that they run on, put back when the last fleet goes.
//!
//! The kubelet writes three settings of the whole machine; the limit of inotify instances is shared by all nodes and too low for them.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use super::layout::fleets;

const CHANGED_BY_THE_KUBELET: [&str; 3] = ["vm/overcommit_memory", "kernel/panic", "kernel/panic_on_oops"];
const INOTIFY: &str = "fs/inotify/max_user_instances";
const ENOUGH: u32 = 8192;

/// Remembers the settings as they are, unless a fleet that runs did so before, and raises the limit.
pub(super) fn raise() -> Result<()> {
    let file = remembered();
    if !file.exists() {
        let settings: BTreeMap<&str, String> = CHANGED_BY_THE_KUBELET
            .into_iter()
            .chain([INOTIFY])
            .map(|name| Ok((name, read(name)?)))
            .collect::<Result<_>>()?;
        fs::write(&file, serde_json::to_vec(&settings)?).with_context(|| format!("writing {}", file.display()))?;
    }
    if read(INOTIFY)?.parse::<u32>().unwrap_or(0) < ENOUGH {
        write(INOTIFY, &ENOUGH.to_string())?;
    }
    Ok(())
}

/// Puts the settings back.
pub(super) fn restore() -> Result<()> {
    let file = remembered();
    let Ok(text) = fs::read(&file) else {
        return Ok(());
    };
    let settings: BTreeMap<String, String> = serde_json::from_slice(&text)?;
    for (name, value) in settings {
        write(&name, &value)?;
    }
    fs::remove_file(&file).with_context(|| format!("removing {}", file.display()))
}

fn remembered() -> PathBuf {
    fleets().join("sysctl.json")
}

fn read(name: &str) -> Result<String> {
    let text = fs::read_to_string(format!("/proc/sys/{name}")).with_context(|| format!("reading {name}"))?;
    Ok(text.trim().to_owned())
}

fn write(name: &str, value: &str) -> Result<()> {
    fs::write(format!("/proc/sys/{name}"), value).with_context(|| format!("setting {name} to {value}"))
}
