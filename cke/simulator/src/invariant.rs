//! What CKE promises, checked in the simulated world.

use crate::world::World;
use cke_component::catalog;
use cke_model::operation::Action;
use cke_model::reboot::{RebootEntry, RebootStatus};
use cke_model::{Operation, Phase};
use cke_plan::{Plan, spending};
use std::collections::BTreeSet;

/// A promise that was not kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "fields are in the messages")]
pub enum Broken {
    /// etcd does not serve any more.
    #[error("etcd lost its quorum when CKE stopped {by}")]
    Quorum { by: String },
    /// Two API servers are down by the doing of CKE.
    #[error("CKE has taken down the API servers of {}", addresses.join(", "))]
    ApiServers { addresses: Vec<String> },
    /// Something was ordered on a node that does not answer.
    #[error("{operation} is ordered on {address}, which does not answer")]
    Unreachable { operation: String, address: String },
    /// The brake did not hold.
    #[error("{operation} is ordered while the cluster is frozen")]
    Frozen { operation: String },
    /// The budget does not pay for the plan.
    #[error("{operation} takes {address} out of service: {spent} nodes are, {limit} may be")]
    Budget {
        operation: String,
        address: String,
        spent: usize,
        limit: i64,
    },
    /// The catalog does not have the operation in this phase.
    #[error("{operation} is not an operation of the phase {phase}")]
    Catalog { operation: String, phase: String },
    /// More reboots at once than may be.
    #[error("{found} nodes reboot, {limit} may")]
    Reboots { found: usize, limit: i64 },
    /// Too many nodes are away for a further one.
    #[error("a drain starts while {found} nodes do not answer, {limit} may")]
    TooManyUnreachable { found: usize, limit: i64 },
    /// A plan was carried out and nothing is different.
    #[error("the plan {operations:?} changes nothing")]
    Idle { operations: Vec<String> },
    /// It should have come to rest.
    #[error("after {loops} decisions the cluster is still at {phase}: {operations:?}, {waits:?}")]
    Restless {
        loops: u64,
        phase: String,
        operations: Vec<String>,
        waits: Vec<String>,
    },
    /// An entry is still in a queue.
    #[error("entries of queues are left: {entries:?}")]
    Queue { entries: Vec<String> },
}

/// An API server is about to go by an action of CKE.
pub(crate) fn api_server_goes_down(world: &mut World, address: &str) -> Result<(), Broken> {
    let healthy = world.seen.nodes.get(address).is_some_and(|s| s.api_server.healthy);
    let declared = world
        .desired
        .cluster
        .control_planes()
        .any(|node| node.address == *address);
    if !healthy || !declared {
        return Ok(());
    }
    world.down_by_us.insert(address.to_owned());
    if world.down_by_us.len() > 1 {
        let addresses = world.down_by_us.iter().cloned().collect();
        return Err(Broken::ApiServers { addresses });
    }
    Ok(())
}

/// etcd served before an action of CKE: it must after it.
pub(crate) fn quorum_is_kept(world: &World, served: bool, by: &str) -> Result<(), Broken> {
    if served && !world.seen.etcd.healthy {
        return Err(Broken::Quorum { by: by.to_owned() });
    }
    Ok(())
}

/// Drains start within the limits.
pub(crate) fn reboots_may_start(world: &World, starting: &[RebootEntry]) -> Result<(), Broken> {
    let in_work = |entry: &&RebootEntry| matches!(entry.status, RebootStatus::Draining | RebootStatus::Rebooting);
    let entries = world.seen.reboots.entries.iter().filter(in_work).chain(starting);
    let nodes: BTreeSet<_> = entries.map(|entry| entry.node.as_str()).collect();
    let limit = world.desired.cluster.reboot.max_concurrent_reboots.unwrap_or(1);
    if i64::try_from(nodes.len()).is_ok_and(|found| found > limit) {
        return Err(Broken::Reboots {
            found: nodes.len(),
            limit,
        });
    }
    let away = |address: &&str| !world.answers(address) && !nodes.contains(*address);
    let found = world
        .desired
        .cluster
        .nodes
        .iter()
        .map(|node| node.address.as_str())
        .filter(away)
        .count();
    let limit = world.desired.constraints.reboot_maximum_unreachable;
    if i64::try_from(found).is_ok_and(|found| found > limit) {
        return Err(Broken::TooManyUnreachable { found, limit });
    }
    Ok(())
}

/// What holds of a plan before it is carried out.
pub(crate) fn plan_is_sound(world: &World, plan: &Plan) -> Result<(), Broken> {
    for operation in &plan.operations {
        let name = || operation.name.clone();
        if world.desired.controls.frozen.is_some() {
            return Err(Broken::Frozen { operation: name() });
        }
        if !catalog::find(&operation.name).is_some_and(|entry| belongs(entry.phase, plan.phase)) {
            let phase = plan.phase.to_string();
            return Err(Broken::Catalog {
                operation: name(),
                phase,
            });
        }
        let mut nodes = operation.steps.iter().flat_map(|step| nodes_of(&step.action));
        if let Some(address) = nodes.find(|address| !world.answers(address)) {
            let address = address.to_owned();
            return Err(Broken::Unreachable {
                operation: name(),
                address,
            });
        }
    }
    budget_pays(world, plan)
}

/// Whether an operation may be decided in a phase. The two queues end their entries in the phase of either.
fn belongs(operation: Phase, phase: Phase) -> bool {
    let queue = |phase| matches!(phase, Phase::RepairMachines | Phase::RebootNodes);
    operation == phase || (queue(operation) && queue(phase))
}

/// Nodes on which an action does something.
fn nodes_of(action: &Action) -> Vec<&str> {
    match action {
        Action::PullImage { nodes, .. }
        | Action::MakeDirs { nodes, .. }
        | Action::EmptyDir { nodes, .. }
        | Action::InstallCni { nodes, .. }
        | Action::StopContainer { nodes, .. }
        | Action::KillContainer { nodes, .. }
        | Action::CreateVolume { nodes, .. }
        | Action::RemoveVolume { nodes, .. }
        | Action::WaitKubelet { nodes } => nodes.iter().map(String::as_str).collect(),
        Action::WriteFiles { nodes, .. } => nodes.iter().map(|node| node.node.as_str()).collect(),
        Action::RunContainer(run) => run.nodes.keys().map(String::as_str).collect(),
        Action::EtcdAddMember { address, .. } => vec![address],
        _ => Vec::new(),
    }
}

/// Nodes that an action takes out of service.
fn disrupted(operation: &Operation) -> BTreeSet<&str> {
    let taken = |action: &'_ Action| matches!(action, Action::RunContainer(run) if run.restart);
    let steps = operation.steps.iter().map(|step| &step.action);
    let mut nodes: BTreeSet<_> = steps
        .clone()
        .filter(|action| taken(action))
        .flat_map(nodes_of)
        .collect();
    for action in steps {
        match action {
            Action::RebootDrainStart { entries, .. } => nodes.extend(entries.iter().map(|entry| entry.node.as_str())),
            Action::RepairDrainStart { entry, .. } | Action::RepairExecute { entry, .. } => {
                nodes.insert(&entry.address);
            }
            _ => {}
        }
    }
    nodes
}

/// Nodes that the plan takes out of service are within the budget, together with those that are out already.
fn budget_pays(world: &World, plan: &Plan) -> Result<(), Broken> {
    let Some(limit) = world.desired.controls.budget.cluster else {
        return Ok(());
    };
    let spenders = spending(&world.desired, &world.seen, world.now);
    let mut out: BTreeSet<String> = spenders.into_iter().map(|spender| spender.node).collect();
    for operation in &plan.operations {
        for address in disrupted(operation) {
            // A machine that is in no cluster, or that Kubernetes does not know, is not in service.
            let in_service = world.has_kube(address) && world.desired.cluster.node(address).is_some();
            if !in_service || !out.insert(address.to_owned()) {
                continue;
            }
            if i64::try_from(out.len()).is_ok_and(|spent| spent > limit) {
                return Err(Broken::Budget {
                    operation: operation.name.clone(),
                    address: address.to_owned(),
                    spent: out.len().saturating_sub(1),
                    limit,
                });
            }
        }
    }
    Ok(())
}
