//! kube-proxy on every node, or on none.

use super::Sorted;
use crate::draft::Costs;
use crate::phases::Decision;
use cke_component::proxy;

pub(super) fn proxies(decision: &mut Decision<'_, '_>) {
    let (view, wanted) = (decision.view, decision.wanted);
    let statuses = view.nodes.iter().filter_map(|n| Some((*n, &n.status?.proxy)));
    if view.desired.cluster.options.kube_proxy.disable {
        let running = statuses.filter(|(_, status)| status.service.running).map(|(n, _)| n);
        let nodes = decision
            .draft
            .some_of(view, running, "stop-kube-proxy", Costs::Disruption);
        if !nodes.is_empty() {
            decision.draft.operations.push(proxy::stop(&nodes));
        }
        return;
    }
    let sorted = Sorted::new(statuses, |n, status| wanted.proxy(n.node, status).is_some());
    let draft = &mut decision.draft;
    let stopped = draft.some_of(view, sorted.stopped, "kube-proxy-bootstrap", Costs::Nothing);
    if !stopped.is_empty() {
        draft.operations.push(proxy::boot(&view.site, &stopped));
    }
    let outdated = draft.some_of(view, sorted.outdated, "kube-proxy-restart", Costs::Disruption);
    if !outdated.is_empty() {
        draft.operations.push(proxy::restart(&view.site, &outdated));
    }
}
