//! The components of Kubernetes beside the API servers: they run on every node that can be reached, as declared.

mod kubelet;
mod proxy;

use super::Decision;
use super::api_servers::{self, Then};
use crate::draft::Costs;
use crate::view::NodeView;
use cke_component::{controller_manager, scheduler};
use cke_model::observed::ComponentStatus;
use cke_model::{Node, Operation, Phase};

pub(super) fn start(decision: &mut Decision<'_, '_>) -> Option<Phase> {
    if api_servers::api_servers(decision) == Then::Others {
        controller_managers(decision);
        schedulers(decision);
        kubelet::kubelets(decision);
        proxy::proxies(decision);
    }
    (!decision.draft.operations.is_empty()).then_some(Phase::K8sStart)
}

fn controller_managers(decision: &mut Decision<'_, '_>) {
    let (view, wanted) = (decision.view, decision.wanted);
    let sorted = Sorted::new(
        view.control_planes
            .iter()
            .filter_map(|n| Some((*n, &n.status?.controller_manager))),
        |_, status| wanted.controller_manager(&status.service).is_some(),
    );
    let names = ["kube-controller-manager-bootstrap", "kube-controller-manager-restart"];
    let boot = |nodes: &[&Node]| controller_manager::boot(&view.site, nodes);
    let restart = |nodes: &[&Node]| controller_manager::restart(&view.site, nodes);
    sorted.order_all(decision, names, boot, restart);
}

fn schedulers(decision: &mut Decision<'_, '_>) {
    let (view, wanted) = (decision.view, decision.wanted);
    let sorted = Sorted::new(
        view.control_planes
            .iter()
            .filter_map(|n| Some((*n, &n.status?.scheduler))),
        |_, status| wanted.scheduler(status).is_some(),
    );
    let names = ["kube-scheduler-bootstrap", "kube-scheduler-restart"];
    let boot = |nodes: &[&Node]| scheduler::boot(&view.site, nodes);
    let restart = |nodes: &[&Node]| scheduler::restart(&view.site, nodes);
    sorted.order_all(decision, names, boot, restart);
}

/// Nodes by what a component needs there.
struct Sorted<'a> {
    stopped: Vec<NodeView<'a>>,
    outdated: Vec<NodeView<'a>>,
}

impl<'a> Sorted<'a> {
    fn new(
        nodes: impl Iterator<Item = (NodeView<'a>, &'a ComponentStatus)>,
        drifts: impl Fn(&NodeView<'a>, &'a ComponentStatus) -> bool,
    ) -> Self {
        let (mut stopped, mut outdated) = (Vec::new(), Vec::new());
        for (node, status) in nodes {
            if !status.service.running {
                stopped.push(node);
            } else if drifts(&node, status) {
                outdated.push(node);
            }
        }
        Self { stopped, outdated }
    }

    /// Starts and restarts on all nodes at once.
    fn order_all(
        self,
        decision: &mut Decision<'_, 'a>,
        [boot_name, restart_name]: [&str; 2],
        boot: impl Fn(&[&Node]) -> Operation,
        restart: impl Fn(&[&Node]) -> Operation,
    ) {
        let (view, draft) = (decision.view, &mut decision.draft);
        let stopped = draft.all_of(view, self.stopped, boot_name, Costs::Nothing);
        if !stopped.is_empty() {
            draft.operations.push(boot(&stopped));
        }
        let outdated = draft.all_of(view, self.outdated, restart_name, Costs::Disruption);
        if !outdated.is_empty() {
            draft.operations.push(restart(&outdated));
        }
    }
}
