//! API servers: those that do not run or are broken are started together, the others are changed one by one and only while
//! all are healthy. Nothing else of Kubernetes is changed before all API servers are, as its rule for mixed versions wants.

use super::{Decision, endpoints};
use crate::draft::Costs;
use crate::view::{NodeView, addresses};
use crate::wait::WaitReason;
use cke_component::api_server;
use std::collections::HashSet;

/// Whether the other components may be changed.
#[derive(PartialEq, Eq)]
pub(super) enum Then {
    Others,
    Nothing,
}

pub(super) fn api_servers(decision: &mut Decision<'_, '_>) -> Then {
    if start(decision) || hold(decision) || replace(decision) {
        return Then::Nothing;
    }
    let leaving: HashSet<_> = decision
        .reboots
        .starting
        .iter()
        .map(|entry| entry.node.as_str())
        .collect();
    endpoints::api_servers(decision, &leaving);
    Then::Others
}

/// Starts what does not run, and replaces what is outdated and unhealthy: that may be why it is.
fn start(decision: &mut Decision<'_, '_>) -> bool {
    let view = decision.view;
    let stopped = |n: &&NodeView<'_>| n.status.is_some_and(|s| !s.api_server.service.running);
    let broken = |n: &&NodeView<'_>| !n.api_server_healthy() && is_outdated(decision, n);
    let planes = &view.control_planes;
    let nodes: Vec<_> = planes
        .iter()
        .filter(stopped)
        .chain(planes.iter().filter(broken))
        .map(|n| n.node)
        .collect();
    if nodes.is_empty() {
        return false;
    }
    endpoints::api_servers(decision, &HashSet::new());
    decision.draft.operations.push(api_server::restart(&view.site, &nodes));
    true
}

/// Waits while a control plane is away or an API server is not healthy.
fn hold(decision: &mut Decision<'_, '_>) -> bool {
    let view = decision.view;
    let unreachable = view.unreachable_control_planes();
    let unhealthy = addresses(
        view.control_planes
            .iter()
            .filter(|n| n.connected() && !n.api_server_healthy()),
    );
    if unreachable.is_empty() && unhealthy.is_empty() {
        return false;
    }
    if !unreachable.is_empty() {
        decision
            .draft
            .wait_cluster(WaitReason::UnreachableControlPlanes { addresses: unreachable });
    }
    if !unhealthy.is_empty() {
        decision
            .draft
            .wait_cluster(WaitReason::UnhealthyApiServers { addresses: unhealthy });
    }
    endpoints::api_servers(decision, &HashSet::new());
    true
}

/// Replaces one that is outdated, after it was taken out of the end points. While the budget does not pay for it, the others
/// wait as well.
///
/// Nodes whose kubelet is stopped spend the budget, and are started only after the API servers: they must not hold these.
fn replace(decision: &mut Decision<'_, '_>) -> bool {
    let view = decision.view;
    let outdated: Vec<_> = view
        .control_planes
        .iter()
        .filter(|n| is_outdated(decision, n))
        .copied()
        .collect();
    if outdated.is_empty() {
        return false;
    }
    let stopped = |n: &NodeView<'_>| n.status.is_some_and(|s| !s.kubelet.service.running);
    let costs = if view.nodes.iter().any(stopped) {
        Costs::Nothing
    } else {
        Costs::Disruption
    };
    let target = decision.draft.up_to(1, view, outdated, "kube-apiserver-restart", costs);
    let leaving: HashSet<_> = target.iter().map(|node| node.address.as_str()).collect();
    endpoints::api_servers(decision, &leaving);
    if !target.is_empty() {
        decision.draft.operations.push(api_server::restart(&view.site, &target));
    }
    true
}

fn is_outdated(decision: &Decision<'_, '_>, node: &NodeView<'_>) -> bool {
    let service = node
        .status
        .map(|s| &s.api_server.service)
        .filter(|service| service.running);
    service.is_some_and(|service| decision.wanted.api_server(node.node, service).is_some())
}
