//! Actions on entries of the two queues.

use super::{Done, Failure};
use crate::invariant;
use crate::world::{Timer, World};
use cke_model::Action;
use cke_model::names::kube;
use cke_model::reboot::{RebootEntry, RebootStatus};
use cke_model::repair::{RepairEntry, RepairStatus, RepairStepStatus};
use gojson::GoTime;

/// Longest drain that succeeds, in seconds: some are longer than CKE waits.
const LONGEST_DRAIN: i64 = 900;

pub(super) fn reboot(world: &mut World, action: &Action) -> Done {
    world.changes = world.changes.wrapping_add(1);
    match action {
        Action::RebootDrainStart { entries, .. } => {
            invariant::reboots_may_start(world, entries)?;
            entries.iter().for_each(|entry| start_drain(world, entry));
        }
        Action::RebootReboot { entries, .. } => {
            for entry in entries {
                run_reboot(world, entry)?;
            }
        }
        Action::RebootDrainTimeout { entries } => entries.iter().for_each(|entry| put_back(world, entry)),
        Action::RebootDequeue { entries } | Action::RebootCancel { entries } => {
            let gone = |entry: &RebootEntry| entries.iter().any(|other| other.index == entry.index);
            world.seen.reboots.entries.retain(|entry| !gone(entry));
        }
        _ => {}
    }
    Ok(())
}

/// The entry as it is stored now.
fn stored<'w>(world: &'w mut World, entry: &RebootEntry) -> Option<&'w mut RebootEntry> {
    world
        .seen
        .reboots
        .entries
        .iter_mut()
        .find(|other| other.index == entry.index)
}

fn set(world: &mut World, entry: &RebootEntry, status: RebootStatus) {
    let stamp = world.stamp();
    if let Some(entry) = stored(world, entry).filter(|entry| entry.status != RebootStatus::Cancelled) {
        entry.status = status;
        entry.last_transition_time = stamp;
    }
}

fn start_drain(world: &mut World, entry: &RebootEntry) {
    set(world, entry, RebootStatus::Draining);
    cordon(world, &entry.node);
    if world.random.chance(150) {
        // An eviction in a dry run was refused.
        return put_back(world, entry);
    }
    let seconds = world.random.seconds(5, LONGEST_DRAIN);
    world.reboot_drains.insert(entry.index.0, world.in_seconds(seconds));
}

fn cordon(world: &mut World, name: &str) {
    if let Some(node) = world.kube(name) {
        node.unschedulable = true;
        node.annotations.insert(kube::REBOOT.to_owned(), "true".to_owned());
    }
}

fn run_reboot(world: &mut World, entry: &RebootEntry) -> Done {
    set(world, entry, RebootStatus::Rebooting);
    let boots = world.machines.get(&entry.node).map(|machine| machine.boots);
    world.reboot_from.insert(entry.index.0, boots.unwrap_or_default());
    if world.random.chance(50) {
        // The command failed; nothing tells CKE but that the node does not boot.
        return Ok(());
    }
    invariant::api_server_goes_down(world, &entry.node)?;
    let serving = world.seen.etcd.healthy;
    world.power_off(&entry.node);
    let seconds = world.random.seconds(60, 900);
    world.after(seconds, Timer::Boot(entry.node.clone()));
    Ok(invariant::quorum_is_kept(world, serving, &entry.node)?)
}

/// Back into the queue, to be tried later.
fn put_back(world: &mut World, entry: &RebootEntry) {
    let random = world.random.seconds(0, 299);
    let now = world.now;
    world.reboot_drains.remove(&entry.index.0);
    set(world, entry, RebootStatus::Queued);
    if let Some(entry) = stored(world, entry) {
        entry.drain_backoff_count = entry.drain_backoff_count.saturating_add(1);
        let doubled = 300_i64.saturating_mul(1 << entry.drain_backoff_count.clamp(1, 10).saturating_sub(1));
        entry.drain_backoff_expire = later(now, doubled.min(1200).saturating_add(random));
    }
}

fn later(now: jiff::Timestamp, seconds: i64) -> GoTime {
    let span = jiff::SignedDuration::from_secs(seconds);
    GoTime::utc(now.saturating_add(span).unwrap_or(now))
}

pub(super) fn repair(world: &mut World, action: &Action) -> Done {
    world.changes = world.changes.wrapping_add(1);
    match action {
        Action::RepairDrainStart { entry, .. } => start_repair_drain(world, entry),
        Action::RepairExecute { entry, .. } => return execute(world, entry),
        Action::RepairFinish { entry, succeeded, .. } => {
            let status = if *succeeded {
                RepairStatus::Succeeded
            } else {
                RepairStatus::Failed
            };
            store(world, entry, status, None);
        }
        Action::RepairDrainTimeout { entry } => give_up_drain(world, entry),
        Action::RepairDequeue { entry } => {
            world.seen.repairs.entries.retain(|other| other.index != entry.index);
        }
        _ => {}
    }
    Ok(())
}

/// Stores an entry as the operation has it, with another status.
fn store(world: &mut World, entry: &RepairEntry, status: RepairStatus, step_status: Option<RepairStepStatus>) {
    let stamp = world.stamp();
    let stored = world
        .seen
        .repairs
        .entries
        .iter_mut()
        .find(|other| other.index == entry.index);
    if let Some(stored) = stored {
        let deleted = stored.deleted;
        *stored = entry.clone();
        stored.deleted = deleted;
        stored.status = status;
        if let Some(step_status) = step_status {
            stored.step_status = step_status;
        }
        stored.last_transition_time = stamp;
    }
}

fn start_repair_drain(world: &mut World, entry: &RepairEntry) {
    store(world, entry, RepairStatus::Processing, Some(RepairStepStatus::Draining));
    cordon(world, &entry.address);
    if world.random.chance(150) {
        return give_up_drain(world, entry);
    }
    let seconds = world.random.seconds(5, LONGEST_DRAIN);
    world.repair_drains.insert(entry.index.0, world.in_seconds(seconds));
}

fn give_up_drain(world: &mut World, entry: &RepairEntry) {
    let mut entry = entry.clone();
    let tries = entry.drain_backoff_count.saturating_add(1);
    let random = world.random.seconds(0, tries.saturating_mul(300));
    entry.drain_backoff_count = tries;
    entry.drain_backoff_expire = later(world.now, random.saturating_add(300));
    world.repair_drains.remove(&entry.index.0);
    store(world, &entry, RepairStatus::Processing, Some(RepairStepStatus::Waiting));
}

/// Power off and on: it helps more often than not. A command that fails ends the entry.
fn execute(world: &mut World, entry: &RepairEntry) -> Done {
    store(world, entry, RepairStatus::Processing, Some(RepairStepStatus::Watching));
    if world.random.chance(50) {
        store(world, entry, RepairStatus::Failed, None);
        return Ok(());
    }
    if !world.machines.contains_key(&entry.address) {
        return Err(Failure::Failed);
    }
    invariant::api_server_goes_down(world, &entry.address)?;
    let serving = world.seen.etcd.healthy;
    world.power_off(&entry.address);
    if world.random.chance(600) {
        let seconds = world.random.seconds(60, 500);
        world.after(seconds, Timer::Boot(entry.address.clone()));
    }
    Ok(invariant::quorum_is_kept(world, serving, &entry.address)?)
}
