//! The version of how a cluster is built is raised before anything else is done.

use super::Decision;
use crate::wait::WaitReason;
use cke_component::upgrade;
use cke_model::Phase;
use cke_model::names::CONFIG_VERSION;

pub(super) fn upgrade(decision: &mut Decision<'_, '_>) -> Option<Phase> {
    let view = decision.view;
    let found = &view.observed.config_version;
    if found == CONFIG_VERSION {
        return None;
    }
    let unreachable = view.unreachable_control_planes();
    if !unreachable.is_empty() {
        let addresses = unreachable;
        decision
            .draft
            .wait_cluster(WaitReason::UnreachableControlPlanes { addresses });
        return Some(Phase::UpgradeAborted);
    }
    let operation = upgrade::upgrade(&view.site, found, view.observed);
    if operation.steps.is_empty() {
        let (found, known) = (found.clone(), CONFIG_VERSION.to_owned());
        decision
            .draft
            .wait_cluster(WaitReason::ConfigVersionUnknown { found, known });
        return Some(Phase::UpgradeAborted);
    }
    decision.draft.operations.push(operation);
    Some(Phase::Upgrade)
}
