//! Taking a fleet away, by its owner or by whoever finds that the owner died: by names alone, and as often as one likes.

use std::fs;

use anyhow::Result;

use super::layout::Layout;
use super::{cgroup, network, state, sysctl};

/// A fleet that was found on this machine.
#[derive(Debug, Clone)]
pub struct Found {
    /// What it consists of.
    pub layout: Layout,
    /// The process that owns it.
    pub pid: u32,
    /// Whether that process lives.
    pub held: bool,
}

/// All fleets on this machine.
///
/// # Errors
/// When their folder cannot be read.
pub fn found() -> Result<Vec<Found>> {
    let all = state::all()?.into_iter();
    Ok(all
        .map(|claim| Found {
            held: claim.held(),
            pid: claim.pid,
            layout: claim.layout,
        })
        .collect())
}

/// Takes away the fleets whose process died.
///
/// # Errors
/// When something of them does not go.
pub fn sweep() -> Result<()> {
    let dead: Vec<Layout> = {
        let _lock = state::lock()?;
        let all = state::all()?.into_iter();
        all.filter(|claim| !claim.held()).map(|claim| claim.layout).collect()
    };
    dead.iter().try_for_each(remove)
}

/// Takes a fleet away, whoever owned it.
///
/// # Errors
/// When something of it does not go.
pub fn remove(layout: &Layout) -> Result<()> {
    take_away(layout, false)
}

/// Processes first, then what they used, the claim last: a removal that is cut off is made again.
pub(super) fn take_away(layout: &Layout, keep_logs: bool) -> Result<()> {
    cgroup::kill_all(&layout.id)?;
    cgroup::remove(&layout.id)?;
    network::remove(layout);
    if keep_logs {
        keep(layout);
    }
    let _lock = state::lock()?;
    if !state::release(layout)? {
        sysctl::restore()?;
    }
    Ok(())
}

/// Copies the consoles to where a person finds them; this is best effort, a test has failed already.
fn keep(layout: &Layout) {
    let target = layout.kept_logs();
    if fs::create_dir_all(&target).is_err() {
        return;
    }
    for node in &layout.nodes {
        let console = layout.node_dir(&node.name).join("console.log");
        let _ = fs::copy(console, target.join(format!("{}.log", node.name)));
    }
}
