//! The phases of the two queues: nodes become schedulable again, machines are repaired, nodes are rebooted.

use super::Decision;
use crate::repair::{Next, Repairs};
use cke_component::{nodes, reboot as reboots, repair as repairs};
use cke_model::names::kube::REBOOT;
use cke_model::reboot::RebootEntry;
use cke_model::repair::RepairEntry;
use cke_model::{Operation, Phase};

/// Nodes that CKE cordoned and does not work on any more take pods again.
pub(super) fn uncordon(decision: &mut Decision<'_, '_>) -> Option<Phase> {
    let view = decision.view;
    let api_server = view.kubernetes()?;
    let marked = view.observed.kubernetes.nodes.iter();
    let marked = marked.filter(|n| n.unschedulable && n.annotations.get(REBOOT).is_some_and(|v| v == "true"));
    let in_work = |name: &str| {
        let address = view.node_named(name).map_or(name, |n| n.address());
        view.rebooting(address).is_some() || view.repairing(address).is_some()
    };
    let names: Vec<_> = marked.map(|n| n.name.clone()).filter(|name| !in_work(name)).collect();
    if names.is_empty() {
        return None;
    }
    decision
        .draft
        .operations
        .push(nodes::uncordon(api_server.address(), names));
    Some(Phase::UncordonNodes)
}

/// Repairs go before reboots: while one is in work, no reboot starts.
pub(super) fn repair(decision: &mut Decision<'_, '_>) -> Option<Phase> {
    decision.asked.repairs = true;
    let Repairs { next, in_work } = Repairs::choose(decision.view, &mut decision.draft);
    let operations: Vec<_> = next
        .into_iter()
        .filter_map(|(entry, next)| order(decision, entry, &next))
        .collect();
    decision.draft.operations.extend(operations);
    if !in_work && decision.draft.operations.is_empty() {
        return None;
    }
    if decision.draft.operations.is_empty() {
        end_reboots(decision);
    }
    Some(Phase::RepairMachines)
}

fn order(decision: &Decision<'_, '_>, entry: RepairEntry, next: &Next<'_>) -> Option<Operation> {
    let cluster = &decision.view.desired.cluster;
    Some(match next {
        Next::Dequeue => repairs::dequeue(entry),
        Next::Finish { succeeded } => {
            let declared = entry.repair_operation(cluster).ok();
            repairs::finish(entry, *succeeded, declared)
        }
        Next::DrainTimeout => repairs::drain_timeout(entry),
        Next::Execute(step) => repairs::execute(entry, step),
        Next::Drain => {
            let api_server = decision.view.healthy_api_server()?;
            repairs::drain_start(api_server.address(), entry, &cluster.repair)
        }
    })
}

pub(super) fn reboot(decision: &mut Decision<'_, '_>) -> Option<Phase> {
    decision.asked.reboots = true;
    let waits = decision.reboots.waits.iter().cloned();
    decision.draft.waits.extend(waits);
    if decision.reboots.have_endings() {
        end_reboots(decision);
        return Some(Phase::RebootNodes);
    }
    go_on(decision);
    put_back(decision);
    let held = decision.reboots.held_by_etcd;
    (held || !decision.draft.operations.is_empty()).then_some(Phase::RebootNodes)
}

/// Entries that end, and those that took too long: nothing of this touches a node.
fn end_reboots(decision: &mut Decision<'_, '_>) {
    let chosen = decision.reboots;
    push_all(
        decision,
        &[
            (&chosen.cancelled, reboots::cancel),
            (&chosen.done, reboots::dequeue),
            (&chosen.given_up, reboots::give_up),
        ],
    );
}

/// Entries that took too long go back into the queue.
fn put_back(decision: &mut Decision<'_, '_>) {
    let chosen = decision.reboots;
    push_all(
        decision,
        &[
            (&chosen.drain_timed_out, reboots::drain_timeout),
            (&chosen.boot_timed_out, reboots::boot_timeout),
        ],
    );
}

type Ending<'e> = (&'e [&'e RebootEntry], fn(Vec<RebootEntry>) -> Operation);

fn push_all(decision: &mut Decision<'_, '_>, endings: &[Ending<'_>]) {
    for (entries, operation) in endings.iter().filter(|(entries, _)| !entries.is_empty()) {
        decision.draft.operations.push(operation(owned(entries)));
    }
}

/// Empty nodes reboot, further nodes are drained.
fn go_on(decision: &mut Decision<'_, '_>) {
    let (view, chosen) = (decision.view, decision.reboots);
    let policy = &view.desired.cluster.reboot;
    let Some(api_server) = view.healthy_api_server() else {
        return;
    };
    let api_server = api_server.address();
    let operations = &mut decision.draft.operations;
    if !chosen.drained.is_empty() {
        operations.push(reboots::delete_daemon_set_pods(
            api_server,
            owned(&chosen.drained),
            policy,
        ));
        operations.push(reboots::reboot(api_server, owned(&chosen.drained), policy));
    }
    if !chosen.starting.is_empty() {
        operations.push(reboots::drain_start(api_server, owned(&chosen.starting), policy));
    }
}

fn owned(entries: &[&RebootEntry]) -> Vec<RebootEntry> {
    entries.iter().map(|&entry| entry.clone()).collect()
}
