//! Entries of the repair queue: draining and repairing machines, and what becomes of the entry.

use super::Context;
use super::entry::{evict, in_seconds, now, try_out};
use crate::local;
use cke_kubernetes::drain::{self, Drain, Policy};
use cke_model::cluster::Repair;
use cke_model::operation::CommandLine;
use cke_model::repair::{RepairEntry, RepairStatus, RepairStepStatus};
use jiff::Timestamp;
use rand::RngExt as _;

/// Back-off of a failed drain: this, and up to this times the failures more at random.
const BACK_OFF: i64 = 300;

/// Cordons and drains the node of a machine that is to be repaired.
pub(super) async fn start_drain(
    context: Context<'_>,
    api_server: &str,
    entry: &RepairEntry,
    policy: &Repair,
) -> anyhow::Result<()> {
    let server = context.hands.kubernetes()?.client(api_server)?;
    let drain = Drain::new(&server, &Policy::from(policy)).await?;
    step(context, entry, RepairStepStatus::Draining).await?;
    let drained = async {
        try_out(&drain, &entry.nodename).await?;
        drain::cordon(&server, &entry.nodename).await?;
        evict(&drain, &entry.nodename).await
    };
    if let Err(error) = drained.await {
        tracing::warn!(
            address = entry.address,
            error = format!("{error:#}"),
            "a machine is not drained"
        );
        back_off(context, entry).await?;
    }
    Ok(())
}

/// Writes that a step is in work. The step's number comes with the decision.
async fn step(context: Context<'_>, entry: &RepairEntry, status: RepairStepStatus) -> anyhow::Result<()> {
    let at = now();
    let change = |stored: &mut RepairEntry| {
        stored.status = RepairStatus::Processing;
        stored.step = entry.step;
        stored.step_status = status.clone();
        stored.last_transition_time = at;
        true
    };
    let queue = context.storage.repairs();
    queue.modify_as(&context.lead.guard(), entry.index.0, change).await?;
    Ok(())
}

/// Waits with the step until later.
pub(super) async fn back_off(context: Context<'_>, entry: &RepairEntry) -> anyhow::Result<()> {
    let at = now();
    let change = |stored: &mut RepairEntry| {
        stored.status = RepairStatus::Processing;
        stored.step = entry.step;
        stored.step_status = RepairStepStatus::Waiting;
        stored.last_transition_time = at;
        stored.drain_backoff_count += 1;
        let extra = rand::rng().random_range(0..BACK_OFF * stored.drain_backoff_count.max(1));
        stored.drain_backoff_expire = in_seconds(at, BACK_OFF + extra);
        true
    };
    let queue = context.storage.repairs();
    queue.modify_as(&context.lead.guard(), entry.index.0, change).await?;
    Ok(())
}

/// Runs the command of a step. One that fails for good ends the repair, not the operation.
pub(super) async fn execute(
    context: Context<'_>,
    entry: &RepairEntry,
    command: &CommandLine,
) -> anyhow::Result<String> {
    step(context, entry, RepairStepStatus::Watching).await?;
    context
        .hands
        .host_keys
        .saw_boots([(entry.address.clone(), Timestamp::now())]);
    context.lead.ensure()?;
    match local::with_retries(command).await {
        Ok(_) => Ok(String::new()),
        Err(error) => {
            finish(context, entry, false, None).await?;
            Ok(format!("the repair command failed: {error}"))
        }
    }
}

/// Ends an entry, after the success command where there is one.
pub(super) async fn finish(
    context: Context<'_>,
    entry: &RepairEntry,
    succeeded: bool,
    command: Option<&CommandLine>,
) -> anyhow::Result<()> {
    let succeeded = match command {
        Some(command) if succeeded => local::once(command).await.is_ok(),
        _ => succeeded,
    };
    let at = now();
    let change = |stored: &mut RepairEntry| {
        stored.status = if succeeded {
            RepairStatus::Succeeded
        } else {
            RepairStatus::Failed
        };
        stored.last_transition_time = at;
        true
    };
    let queue = context.storage.repairs();
    queue.modify_as(&context.lead.guard(), entry.index.0, change).await?;
    Ok(())
}

/// Removes an entry.
pub(super) async fn dequeue(context: Context<'_>, entry: &RepairEntry) -> anyhow::Result<()> {
    let queue = context.storage.repairs();
    Ok(queue.delete(&context.lead.guard(), entry.index.0).await?)
}
