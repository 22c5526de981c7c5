//! What the queues wait for: drains, boots, health. Each entry is looked at by itself; one that cannot be is not done.

use crate::hands::Hands;
use crate::local;
use cke_kubernetes::drain::{self, Remaining};
use cke_model::Cluster;
use cke_model::cluster::Reboot;
use cke_model::observed::{RebootObservation, RepairObservation};
use cke_model::operation::CommandLine;
use cke_model::reboot::{self, RebootEntry, RebootStatus};
use cke_model::repair::{RepairEntry, RepairStatus, RepairStepStatus};
use cke_storage::World;
use futures::future::join_all;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Limit of a health check that says none, in seconds.
const HEALTH_CHECK_SECONDS: u64 = 30;

/// The reboot queue.
pub(super) async fn reboots(
    hands: &Hands,
    world: &World,
    cluster: &Cluster,
    api_server: Option<&str>,
) -> RebootObservation {
    let entries: Vec<RebootEntry> = reboot::first_of_each_node(&world.reboots)
        .into_iter()
        .cloned()
        .collect();
    let draining = entries
        .iter()
        .filter(|e| e.status == RebootStatus::Draining && e.is_member(cluster));
    let names = draining
        .map(|entry| (entry.index.0, node_name(cluster, &entry.node)))
        .collect();
    let booting = entries
        .iter()
        .filter(|e| e.status == RebootStatus::Rebooting && e.is_member(cluster));
    let checks = booting.map(|entry| async { (entry.index.0, has_booted(&cluster.reboot, entry).await) });
    let (drained, booted) = tokio::join!(drained(hands, api_server, names, Remaining::is_empty), join_all(checks));
    let states = entries.iter().map(|entry| (entry.index.0, entry.status.to_string()));
    RebootObservation {
        enabled: world.reboot_queue_enabled,
        seen_since: hands.reboots_since.note(states, Timestamp::now()),
        drained: drained.into_iter().collect(),
        booted: booted
            .into_iter()
            .filter(|(_, has)| *has)
            .map(|(index, _)| index)
            .collect(),
        entries,
    }
}

/// The repair queue.
pub(super) async fn repairs(
    hands: &Hands,
    world: &World,
    cluster: &Cluster,
    api_server: Option<&str>,
) -> RepairObservation {
    let mut entries = world.repairs.clone();
    // Machines join and leave the cluster while they wait.
    entries.iter_mut().for_each(|entry| entry.fill_nodename(cluster));
    let open = entries.iter().filter(|entry| !entry.has_finished());
    let checks = open.map(|entry| async { (entry.address.clone(), is_healthy(cluster, entry).await) });
    let draining: Vec<&RepairEntry> = entries.iter().filter(|entry| is_draining(entry)).collect();
    let names = draining
        .iter()
        .filter(|e| e.is_in_cluster())
        .map(|e| (e.address.clone(), e.nodename.clone()))
        .collect();
    let (healthy, mut drained) = tokio::join!(
        join_all(checks),
        drained(hands, api_server, names, Remaining::has_no_pods)
    );
    // A machine that left the cluster has nothing left to drain.
    drained.extend(
        draining
            .iter()
            .filter(|e| !e.is_in_cluster())
            .map(|e| e.address.clone()),
    );
    let states = entries.iter().map(|entry| {
        let state = format!("{} {} {}", entry.status, entry.step, entry.step_status);
        (entry.index.0, state)
    });
    RepairObservation {
        enabled: world.repair_queue_enabled,
        seen_since: hands.repairs_since.note(states, Timestamp::now()),
        healthy: healthy
            .into_iter()
            .filter(|(_, is)| *is)
            .map(|(address, _)| address)
            .collect(),
        drained: drained.into_iter().collect(),
        entries,
    }
}

fn is_draining(entry: &RepairEntry) -> bool {
    entry.status == RepairStatus::Processing && entry.step_status == RepairStepStatus::Draining
}

fn node_name(cluster: &Cluster, address: &str) -> String {
    let node = cluster.nodes.iter().find(|node| node.address == address);
    node.map_or(address, |node| node.nodename()).to_owned()
}

/// Those of the entries (by what the caller knows them by) whose nodes are drained.
async fn drained<K>(
    hands: &Hands,
    api_server: Option<&str>,
    names: Vec<(K, String)>,
    is_drained: impl Fn(&Remaining) -> bool,
) -> Vec<K> {
    let (Some(api_server), Ok(kubernetes), false) = (api_server, hands.kubernetes(), names.is_empty()) else {
        return Vec::new();
    };
    let Ok(server) = kubernetes.client(api_server) else {
        return Vec::new();
    };
    let nodes: Vec<String> = names.iter().map(|(_, name)| name.clone()).collect();
    let left: BTreeMap<String, _> = drain::remaining(&server, &nodes).await;
    let done = names.into_iter().filter(|(_, name)| match left.get(name) {
        Some(Ok(remaining)) => is_drained(remaining),
        Some(Err(error)) => {
            tracing::warn!(
                node = name,
                error = error as &dyn std::error::Error,
                "what is left on the node is not known"
            );
            false
        }
        None => false,
    });
    done.map(|(key, _)| key).collect()
}

/// Asks the operators' command, which gets the address and the time of the reboot.
async fn has_booted(policy: &Reboot, entry: &RebootEntry) -> bool {
    let mut args = policy.boot_check_command.clone().unwrap_or_default();
    if args.is_empty() {
        return false;
    }
    args.push(entry.node.clone());
    args.push(entry.last_transition_time.instant().as_second().to_string());
    let seconds = policy.command_timeout_seconds.unwrap_or_default();
    says_true(args, u64::try_from(seconds).unwrap_or_default()).await
}

async fn is_healthy(cluster: &Cluster, entry: &RepairEntry) -> bool {
    let Ok(operation) = entry.repair_operation(cluster) else {
        return false;
    };
    let mut args = operation.health_check_command.clone().unwrap_or_default();
    if args.is_empty() {
        return false;
    }
    args.push(entry.address.clone());
    let seconds = operation
        .command_timeout_seconds
        .and_then(|seconds| u64::try_from(seconds).ok());
    says_true(args, seconds.unwrap_or(HEALTH_CHECK_SECONDS)).await
}

async fn says_true(args: Vec<String>, timeout_seconds: u64) -> bool {
    let command = CommandLine {
        args,
        timeout_seconds,
        retries: 0,
        interval_seconds: 0,
    };
    local::once(&command).await.is_ok_and(|said| said.trim() == "true")
}
