//! What is next for one entry by its own state, whatever the rest of the cluster is like.

use super::{Next, since};
use crate::deadlines::{self, EVICTION_SECONDS, MAX_REPAIR_DRAIN_FAILURES, NO_PROCEDURE_SECONDS};
use crate::view::View;
use crate::wait::WaitReason;
use cke_model::repair::{NoProcedure, RepairEntry, RepairStatus, RepairStepStatus};
use gojson::GoTime;
use std::borrow::Cow;

/// Whether nothing more can be tried: there are no more steps, no such repair for too long, or too many failed drains.
pub(super) fn must_fail(view: &View<'_>, entry: &RepairEntry) -> bool {
    match entry.repair_step(&view.desired.cluster) {
        Err(NoProcedure::Step) => true,
        Err(_) => end_without_procedure(view, entry).is_some_and(|end| deadlines::is_over(end, view.now)),
        Ok(_) => is_waiting(entry) && entry.drain_backoff_count >= MAX_REPAIR_DRAIN_FAILURES,
    }
}

fn end_without_procedure(view: &View<'_>, entry: &RepairEntry) -> Option<GoTime> {
    since(view, entry).map(|since| deadlines::after(since, NO_PROCEDURE_SECONDS))
}

/// Whether the entry waits to start a step.
pub(super) fn is_waiting(entry: &RepairEntry) -> bool {
    entry.status == RepairStatus::Queued
        || !matches!(
            entry.step_status,
            RepairStepStatus::Draining | RepairStepStatus::Watching
        )
}

/// The cluster says how to repair this.
pub(super) fn procedure(view: &View<'_>, entry: &RepairEntry) -> Result<(), WaitReason> {
    entry
        .repair_step(&view.desired.cluster)
        .map(|_| ())
        .map_err(|missing| WaitReason::NoRepairProcedure {
            machine_type: entry.machine_type.clone(),
            operation: entry.operation.clone(),
            missing: missing.to_string(),
            until: end_without_procedure(view, entry),
        })
}

/// The pause after a failed drain is over.
pub(super) fn backed_off(view: &View<'_>, entry: &RepairEntry) -> Result<(), WaitReason> {
    let until = entry.drain_backoff_expire;
    if entry.status == RepairStatus::Processing && is_waiting(entry) && until.instant() > view.now {
        let (failures, allowed) = (entry.drain_backoff_count, MAX_REPAIR_DRAIN_FAILURES);
        return Err(WaitReason::BackOff {
            until,
            failures,
            allowed,
        });
    }
    Ok(())
}

/// What is next, and the entry as it then is; or what it waits for.
pub(super) fn next<'a, 'e>(
    view: &View<'a>,
    entry: &'e RepairEntry,
) -> Result<(Cow<'e, RepairEntry>, Next<'a>), WaitReason> {
    if is_waiting(entry) {
        return start(view, entry).map(|next| (Cow::Borrowed(entry), next));
    }
    if entry.step_status == RepairStepStatus::Draining {
        return drain(view, entry).map(|next| (Cow::Borrowed(entry), next));
    }
    watched(view, entry)?;
    let further = RepairEntry {
        step: entry.step.saturating_add(1),
        step_status: RepairStepStatus::Waiting,
        ..entry.clone()
    };
    let next = start(view, &further)?;
    Ok((Cow::Owned(further), next))
}

/// Starts the entry's step.
fn start<'a>(view: &View<'a>, entry: &RepairEntry) -> Result<Next<'a>, WaitReason> {
    let Ok(step) = entry.repair_step(&view.desired.cluster) else {
        return Ok(Next::Finish { succeeded: false });
    };
    if !view.observed.repairs.enabled {
        return Err(WaitReason::RepairQueueDisabled {});
    }
    if step.need_drain && view.node(&entry.address).is_some() {
        return Ok(Next::Drain);
    }
    Ok(Next::Execute(step))
}

/// Goes on once the node is empty; one that has left the cluster is.
fn drain<'a>(view: &View<'a>, entry: &RepairEntry) -> Result<Next<'a>, WaitReason> {
    let seen = &view.observed.repairs;
    if !seen.enabled {
        return Ok(Next::DrainTimeout);
    }
    let empty = seen.drained.contains(&entry.address) || view.node(&entry.address).is_none();
    if let (true, Ok(step)) = (empty, entry.repair_step(&view.desired.cluster)) {
        return Ok(Next::Execute(step));
    }
    let since = since(view, entry).unwrap_or_default();
    let seconds = view
        .desired
        .cluster
        .repair
        .eviction_timeout_seconds
        .unwrap_or(EVICTION_SECONDS);
    let until = deadlines::after(since, seconds);
    if deadlines::is_over(until, view.now) {
        return Ok(Next::DrainTimeout);
    }
    Err(WaitReason::Draining { since, until })
}

/// The machine has had its time to become healthy.
fn watched(view: &View<'_>, entry: &RepairEntry) -> Result<(), WaitReason> {
    let watch = entry
        .repair_step(&view.desired.cluster)
        .ok()
        .and_then(|step| step.watch_seconds);
    let Some(watch) = watch else { return Ok(()) };
    let since = since(view, entry).unwrap_or_default();
    let until = deadlines::after(since, watch);
    if deadlines::is_over(until, view.now) {
        return Ok(());
    }
    Err(WaitReason::Watching {
        since,
        until,
        step: entry.step,
    })
}
