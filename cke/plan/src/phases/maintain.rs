//! What CKE keeps inside Kubernetes: its own resources and those of users, resolvers, end points, and Node objects.

use super::{Decision, dns, endpoints, nodes, resources};
use crate::wait::WaitReason;
use cke_component::nodes::wait;
use cke_model::Phase;
use std::collections::HashSet;

pub(super) fn maintain(decision: &mut Decision<'_, '_>) -> Option<Phase> {
    let view = decision.view;
    let seen = &view.observed.kubernetes;
    if let Some(because) = &seen.unknown_because {
        let because = because.clone();
        decision.draft.wait_cluster(WaitReason::KubernetesUnknown { because });
        return None;
    }
    let Some(api_server) = view.kubernetes() else {
        decision.draft.wait_cluster(WaitReason::NoHealthyApiServer {});
        return None;
    };
    let api_server = api_server.address();
    if !seen.control_plane_ready {
        decision.draft.wait_cluster(WaitReason::KubernetesNotReady {});
        decision.draft.operations.push(wait(api_server));
        return Some(Phase::K8sMaintain);
    }
    let leaving: HashSet<_> = decision
        .reboots
        .starting
        .iter()
        .map(|entry| entry.node.as_str())
        .collect();
    resources::apply(decision, api_server);
    dns::resolvers(decision, api_server);
    endpoints::etcd(decision, api_server, &leaving);
    nodes::update(decision, api_server);
    nodes::remove(decision, api_server);
    (!decision.draft.operations.is_empty()).then_some(Phase::K8sMaintain)
}
