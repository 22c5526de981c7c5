//! etcd on the control planes: it is made once, started where it is stopped, and waited for. Nothing of Kubernetes is touched
//! while it does not serve.

mod maintain;

pub(super) use maintain::maintain;

use super::Decision;
use crate::draft::Costs;
use crate::view::{NodeView, View};
use crate::wait::WaitReason;
use cke_component::etcd;
use cke_model::Phase;
use cke_model::observed::EtcdStatus;

/// Makes etcd where no control plane has data. One that cannot be reached may have some.
///
/// One that failed is done again.
pub(super) fn boot(decision: &mut Decision<'_, '_>) -> Option<Phase> {
    let (view, draft) = (decision.view, &mut decision.draft);
    if view.control_planes.is_empty() {
        draft.wait_cluster(WaitReason::NoControlPlane {});
        return Some(Phase::EtcdBootAborted);
    }
    let addresses = view.unreachable_control_planes();
    let begun = view
        .control_planes
        .iter()
        .any(|n| n.status.is_some_and(|s| s.etcd.has_data));
    if begun && !(addresses.is_empty() && bootstrap_failed(view)) {
        return None;
    }
    if !addresses.is_empty() {
        draft.wait_cluster(WaitReason::UnreachableControlPlanes { addresses });
        return Some(Phase::EtcdBootAborted);
    }
    draft.operations.push(etcd::boot(&view.site));
    Some(Phase::EtcdBoot)
}

/// Whether a bootstrap was begun and did not come to its end: there are volumes and no mark of a complete member. Either no
/// container was made yet, or all volumes were: founding a cluster beside a member with data would lose that.
fn bootstrap_failed(view: &View<'_>) -> bool {
    let all = |is: fn(&EtcdStatus) -> bool| {
        view.control_planes
            .iter()
            .all(|n| n.status.is_some_and(|s| is(&s.etcd)))
    };
    !view.observed.etcd.healthy
        && all(|etcd| !etcd.is_added_member)
        && (all(|etcd| etcd.has_data) || all(|etcd| etcd.service.image.is_empty()))
}

/// Starts members that have been added and do not run.
pub(super) fn start(decision: &mut Decision<'_, '_>) -> Option<Phase> {
    let (view, draft) = (decision.view, &mut decision.draft);
    let seen = &view.observed.etcd;
    let stopped = |n: &&NodeView<'_>| {
        let removed = seen.healthy && !seen.members.contains_key(n.address());
        !removed
            && n.status
                .is_some_and(|s| !s.etcd.service.running && s.etcd.is_added_member)
    };
    let stopped = view.control_planes.iter().filter(stopped).copied();
    let nodes = draft.all_of(view, stopped, "etcd-start", Costs::Nothing);
    if nodes.is_empty() {
        return None;
    }
    draft.operations.push(etcd::start(&view.site, &nodes));
    Some(Phase::EtcdStart)
}

/// Waits until etcd serves.
pub(super) fn wait(decision: &mut Decision<'_, '_>) -> Option<Phase> {
    let (view, draft) = (decision.view, &mut decision.draft);
    if view.observed.etcd.healthy {
        return None;
    }
    draft.wait_cluster(WaitReason::EtcdUnhealthy {});
    draft.operations.push(etcd::wait_cluster(&view.site));
    Some(Phase::EtcdWait)
}
