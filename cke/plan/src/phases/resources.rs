//! Resources that CKE applies: its own, then those of users.

use super::Decision;
use crate::plan::Subject;
use crate::wait::WaitReason;
use cke_component::resources::{apply as apply_one, built_in};
use cke_model::ResourceDefinition;

/// The kind that waits for nodes: all pods of the first Deployments would end up on the first node.
const DEPLOYMENT: &str = "Deployment";

pub(super) fn apply(decision: &mut Decision<'_, '_>, api_server: &str) {
    let view = decision.view;
    let seen = &view.observed.kubernetes;
    let ready = seen.nodes.iter().filter(|n| n.ready).count();
    let needed = view.desired.cluster.nodes.len() / 2 + 1;
    let built_in = built_in(&view.desired.images);
    for resource in built_in.iter().chain(&view.desired.resources) {
        let status = seen.resources.get(&resource.key);
        if !resource.needs_update(status) {
            continue;
        }
        if resource.kind == DEPLOYMENT && ready < needed {
            let subject = Subject::Resource(resource.key.clone());
            decision
                .draft
                .wait(subject, WaitReason::NotEnoughNodesReady { ready, needed });
            continue;
        }
        let operation = order(decision, api_server, resource);
        decision.draft.operations.push(operation);
    }
}

/// Fields that somebody changed by hand are taken back with the next revision, as the original does whatever it says of
/// conflicts: otherwise one of them would fail the operation in every loop.
fn order(decision: &Decision<'_, '_>, api_server: &str, resource: &ResourceDefinition) -> cke_model::Operation {
    const FORCE_CONFLICTS: bool = true;
    let mappings = decision.view.desired.cluster.trusted_rest_mappings.clone();
    apply_one(api_server, resource.clone(), FORCE_CONFLICTS, mappings)
}
