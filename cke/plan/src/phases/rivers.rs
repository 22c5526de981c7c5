//! rivers runs on every node that can be reached, and etcd-rivers on control planes. Everything else goes through them.

use super::Decision;
use crate::draft::Costs;
use crate::view::NodeView;
use cke_component::rivers::{self, Rivers};
use cke_model::Phase;
use cke_model::observed::{NodeStatus, ServiceStatus};

pub(super) fn rivers(decision: &mut Decision<'_, '_>) -> Option<Phase> {
    let view = decision.view;
    proxy(decision, Rivers::Kubernetes, &view.nodes, |status| &status.rivers);
    proxy(decision, Rivers::Etcd, &view.control_planes, |status| {
        &status.etcd_rivers
    });
    (!decision.draft.operations.is_empty()).then_some(Phase::Rivers)
}

fn proxy<'a>(
    decision: &mut Decision<'_, 'a>,
    which: Rivers,
    nodes: &[NodeView<'a>],
    service: impl Fn(&'a NodeStatus) -> &'a ServiceStatus,
) {
    let (view, draft) = (decision.view, &mut decision.draft);
    let site = &view.site;
    let mut stopped = Vec::new();
    let mut outdated = Vec::new();
    for node in nodes {
        match node.status.map(&service) {
            Some(service) if !service.running => stopped.push(*node),
            Some(service) if decision.wanted.rivers(which, service).is_some() => outdated.push(*node),
            _ => {}
        }
    }
    let stopped = draft.some_of(
        view,
        stopped,
        &format!("{}-bootstrap", which.container()),
        Costs::Nothing,
    );
    let outdated = draft.some_of(
        view,
        outdated,
        &format!("{}-restart", which.container()),
        Costs::Disruption,
    );
    if !stopped.is_empty() {
        draft.operations.push(rivers::boot(which, site, &stopped));
    }
    if !outdated.is_empty() {
        draft.operations.push(rivers::restart(which, site, &outdated));
    }
}
