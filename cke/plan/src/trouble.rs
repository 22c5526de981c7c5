//! What is wrong beside the plan, and stays so until somebody mends it: clocks that differ, components and members of etcd that run and
//! do not answer as they should. Nothing is decided by it; it is said.

use crate::advice::steady;
use crate::phases::Decision;
use crate::view::{NodeView, View};
use crate::wait::WaitReason;
use cke_model::names::container;

/// Clocks may differ by this much, in seconds: Vault dates certificates back by 30.
const SKEW: i64 = 60;

pub(crate) fn tell(decision: &mut Decision<'_, '_>) {
    clocks(decision);
    components(decision);
    members(decision);
}

/// Where most nodes agree against us, ours is the wrong one.
fn clocks(decision: &mut Decision<'_, '_>) {
    let view = decision.view;
    let seen = view.nodes.iter().filter_map(|n| Some((n, n.status?.clock_ahead?)));
    let mut wrong: Vec<(&NodeView<'_>, i64)> = seen.collect();
    let all = wrong.len();
    wrong.retain(|(_, ahead)| ahead.abs() > SKEW);
    if wrong.is_empty() {
        return;
    }
    if wrong.len() * 2 > all {
        wrong.sort_by_key(|(_, ahead)| *ahead);
        let seconds = wrong.get(wrong.len() / 2).map_or(0, |(_, ahead)| -ahead);
        return decision.draft.wait_cluster(WaitReason::OurClockDiffers { seconds });
    }
    for (node, seconds) in wrong {
        decision.draft.wait_node(node, WaitReason::ClockDiffers { seconds });
    }
}

fn components(decision: &mut Decision<'_, '_>) {
    let view = decision.view;
    for (node, status) in view.nodes.iter().filter_map(|n| Some((n, n.status?))) {
        let components = [
            (container::API_SERVER, &status.api_server),
            (container::CONTROLLER_MANAGER, &status.controller_manager),
            (container::SCHEDULER, &status.scheduler),
            (container::PROXY, &status.proxy),
            (container::KUBELET, &status.kubelet),
        ];
        for (name, component) in components {
            if let Some(because) = component.unhealthy_because.as_deref() {
                let reason = WaitReason::ComponentUnhealthy {
                    component: name.to_owned(),
                    because: steady(because).to_owned(),
                };
                decision.draft.wait_node(node, reason);
            }
        }
    }
}

fn members(decision: &mut Decision<'_, '_>) {
    let view: &View<'_> = decision.view;
    let etcd = &view.observed.etcd;
    for (address, because) in &etcd.unhealthy_because {
        let because = steady(because).to_owned();
        match view.node(address) {
            // Those are started, or replaced.
            Some(node) if node.status.is_some_and(|status| !status.etcd.service.running) => {}
            Some(node) => decision
                .draft
                .wait_node(node, WaitReason::EtcdMemberUnhealthy { because }),
            None => decision.draft.wait_cluster(WaitReason::EtcdMemberUnhealthy { because }),
        }
    }
}
