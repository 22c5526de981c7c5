//! Entries of the reboot queue: draining and rebooting nodes, and what becomes of the entry.
//!
//! An entry is written before what it stands for is done, so that a crash between the two leaves an entry that says more than
//! was done, and its deadline mends that. An entry that an operator cancelled meanwhile stays cancelled.

use super::Context;
use super::entry::{evict, in_seconds, now, try_out};
use crate::local;
use anyhow::Context as _;
use cke_kubernetes::ApiServer;
use cke_kubernetes::drain::{self, Drain, Policy};
use cke_model::cluster::Reboot;
use cke_model::operation::CommandLine;
use cke_model::reboot::{RebootEntry, RebootStatus};
use cke_storage::Modified;
use futures::future::join_all;
use jiff::Timestamp;
use rand::RngExt as _;

/// Back-off of a failed drain of a reboot: this, doubled each time, up to the most, and up to this more at random.
const BACK_OFF: i64 = 300;
const BACK_OFF_MAX: i64 = 1200;
/// What failed on which nodes, for the record; empty where nothing did.
fn failures(what: &str, nodes: &[String]) -> String {
    if nodes.is_empty() {
        String::new()
    } else {
        format!("failed to {what} some nodes: [{}]", nodes.join(" "))
    }
}

/// Drains nodes one after another: many at once deadlock on disruption budgets more easily.
pub(super) async fn start_drains(
    context: Context<'_>,
    api_server: &str,
    entries: &[RebootEntry],
    policy: &Reboot,
) -> anyhow::Result<String> {
    let server = context.hands.kubernetes()?.client(api_server)?;
    let drain = Drain::new(&server, &Policy::from(policy)).await?;
    let (mut marked, mut failed) = (Vec::new(), Vec::new());
    for entry in entries {
        if !set(context, entry, RebootStatus::Draining).await? {
            continue;
        }
        match mark_for_reboot(context, &server, &drain, entry).await {
            Ok(()) => marked.push(entry),
            Err(error) => give_back(context, entry, &error, &mut failed).await?,
        }
    }
    for entry in marked {
        if let Err(error) = evict(&drain, node_name(context, &entry.node)).await {
            give_back(context, entry, &error, &mut failed).await?;
        }
    }
    Ok(failures("drain", &failed))
}

/// The name of the Node object at an address.
fn node_name<'a>(context: Context<'a>, address: &'a str) -> &'a str {
    let node = context.cluster.nodes.iter().find(|node| node.address == address);
    node.map_or(address, |node| node.nodename())
}

async fn mark_for_reboot(
    context: Context<'_>,
    server: &ApiServer,
    drain: &Drain<'_>,
    entry: &RebootEntry,
) -> anyhow::Result<()> {
    let name = node_name(context, &entry.node);
    drain::cordon(server, name)
        .await
        .with_context(|| format!("cordon node {name}"))?;
    try_out(drain, name).await
}

async fn give_back(
    context: Context<'_>,
    entry: &RebootEntry,
    error: &anyhow::Error,
    failed: &mut Vec<String>,
) -> anyhow::Result<()> {
    tracing::warn!(node = entry.node, error = format!("{error:#}"), "a node is not drained");
    failed.push(entry.node.clone());
    back_off(context, entry).await
}

/// Writes a new status; false where the entry is gone or cancelled.
async fn set(context: Context<'_>, entry: &RebootEntry, status: RebootStatus) -> anyhow::Result<bool> {
    let at = now();
    let change = |stored: &mut RebootEntry| {
        let open = stored.status != RebootStatus::Cancelled;
        if open {
            stored.status = status.clone();
            stored.last_transition_time = at;
        }
        open
    };
    let queue = context.storage.reboots();
    let modified = queue.modify_as(&context.lead.guard(), entry.index.0, change).await?;
    Ok(matches!(modified, Modified::Written(_)))
}

/// Puts an entry back into the queue.
pub(super) async fn back_off(context: Context<'_>, entry: &RebootEntry) -> anyhow::Result<()> {
    let (at, extra) = (now(), rand::rng().random_range(0..BACK_OFF));
    let change = |stored: &mut RebootEntry| {
        if stored.status == RebootStatus::Cancelled {
            return false;
        }
        stored.status = RebootStatus::Queued;
        stored.last_transition_time = at;
        stored.drain_backoff_count += 1;
        stored.drain_backoff_expire = in_seconds(at, back_off_seconds(stored.drain_backoff_count) + extra);
        true
    };
    let queue = context.storage.reboots();
    queue.modify_as(&context.lead.guard(), entry.index.0, change).await?;
    Ok(())
}

fn back_off_seconds(failures: i64) -> i64 {
    let doublings = u32::try_from(failures.clamp(1, 16) - 1).unwrap_or(0);
    (BACK_OFF << doublings).min(BACK_OFF_MAX)
}

/// After the drain: pods of daemon sets that wait to be deleted.
pub(super) async fn delete_daemon_set_pods(
    context: Context<'_>,
    api_server: &str,
    entries: &[RebootEntry],
) -> anyhow::Result<String> {
    let server = context.hands.kubernetes()?.client(api_server)?;
    let mut failed = Vec::new();
    for entry in entries {
        let name = node_name(context, &entry.node);
        if let Err(error) = drain::delete_on_delete_pods(&server, name).await {
            tracing::warn!(
                node = entry.node,
                error = &error as &dyn std::error::Error,
                "pods of daemon sets stay"
            );
            failed.push(entry.node.clone());
        }
    }
    Ok(failures("delete DaemonSet pods on", &failed))
}

/// Reboots all these nodes at the same time.
pub(super) async fn execute(context: Context<'_>, entries: &[RebootEntry], policy: &Reboot) -> anyhow::Result<String> {
    let each = entries.iter().map(|entry| async move {
        let ready = set(context, entry, RebootStatus::Rebooting).await?;
        if !ready {
            return Ok(None);
        }
        context
            .hands
            .host_keys
            .saw_boots([(entry.node.clone(), Timestamp::now())]);
        context.lead.ensure()?;
        let command = reboot_command(policy, &entry.node);
        let failed = local::with_retries(&command).await.is_err();
        anyhow::Ok(failed.then(|| entry.node.clone()))
    });
    let ended: Vec<Option<String>> = join_all(each).await.into_iter().collect::<anyhow::Result<_>>()?;
    let failed: Vec<String> = ended.into_iter().flatten().collect();
    Ok(failures("reboot", &failed))
}

fn reboot_command(policy: &Reboot, node: &str) -> CommandLine {
    let seconds = |value: Option<i64>| u64::try_from(value.unwrap_or_default()).unwrap_or_default();
    let mut args = policy.reboot_command.clone().unwrap_or_default();
    args.push(node.to_owned());
    CommandLine {
        args,
        timeout_seconds: seconds(policy.command_timeout_seconds),
        retries: seconds(policy.command_retries),
        interval_seconds: seconds(policy.command_interval),
    }
}

/// Removes entries.
pub(super) async fn dequeue(context: Context<'_>, entries: &[RebootEntry]) -> anyhow::Result<()> {
    for entry in entries {
        let queue = context.storage.reboots();
        queue.delete(&context.lead.guard(), entry.index.0).await?;
    }
    Ok(())
}
