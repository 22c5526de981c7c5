//! Nodes that are no control planes any more lose the programs of one.

use super::Decision;
use crate::view::NodeView;
use cke_component::rivers::{self, Rivers};
use cke_component::{api_server, controller_manager, etcd, scheduler};
use cke_model::observed::NodeStatus;
use cke_model::{Node, Operation, Phase};

/// Whether a program runs, and how it is stopped.
type Program = (fn(&NodeStatus) -> bool, fn(&[&Node]) -> Operation);

/// etcd comes after what uses it.
const PROGRAMS: &[Program] = &[
    (|s| s.api_server.service.running, api_server::stop),
    (|s| s.controller_manager.service.running, controller_manager::stop),
    (|s| s.scheduler.service.running, scheduler::stop),
    (|s| s.etcd.service.running, etcd::stop),
    (|s| s.etcd_rivers.running, |nodes| rivers::stop(Rivers::Etcd, nodes)),
];

/// The place of etcd in the table: it is stopped only while the cluster's etcd is whole.
const ETCD: usize = 3;

pub(super) fn clean(decision: &mut Decision<'_, '_>) -> Option<Phase> {
    let view = decision.view;
    let etcd_is_good = view.etcd_is_good();
    let workers: Vec<&NodeView<'_>> = view
        .nodes
        .iter()
        .filter(|n| !n.node.control_plane && n.connected())
        .collect();
    for (place, (runs, stop)) in PROGRAMS.iter().enumerate() {
        let there = workers.iter().filter(|n| n.status.is_some_and(runs));
        let there: Vec<_> = there.map(|n| n.node).collect();
        if !there.is_empty() && (place != ETCD || etcd_is_good) {
            decision.draft.operations.push(stop(&there));
        }
    }
    (!decision.draft.operations.is_empty()).then_some(Phase::StopControlPlane)
}
