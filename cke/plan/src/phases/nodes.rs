//! Node objects: they carry what the cluster declares, and nodes that left the cluster lose theirs.

mod attributes;

use super::Decision;
use crate::ledger::Ledger;
use crate::plan::Subject;
use crate::view::{NodeView, View};
use crate::wait::WaitReason;
use cke_component::nodes;
use cke_model::kubernetes::{KubeNode, Taint};
use cke_model::operation::NodeAttributes;

/// Labels, annotations and taints that the cluster declares.
pub(super) fn update(decision: &mut Decision<'_, '_>, api_server: &str) {
    let (view, draft) = (decision.view, &mut decision.draft);
    let mut changed = Vec::new();
    for node in &view.nodes {
        let Some(kube) = node.kube else {
            draft.wait_node(node, WaitReason::NodeNotRegistered {});
            continue;
        };
        let taint = view.desired.cluster.taint_control_plane;
        if attributes::are_current(node.node, kube, taint) {
            continue;
        }
        let wanted = attributes::wanted(node.node, kube, taint);
        match pay_for_taints(view, &mut draft.ledger, node, kube, &wanted) {
            Ok(()) => changed.push(wanted),
            Err(reason) => draft.wait_node(node, reason),
        }
    }
    if !changed.is_empty() {
        draft.operations.push(nodes::update(api_server, changed));
    }
}

/// A new taint `NoExecute` takes the node's pods away.
fn pay_for_taints(
    view: &View<'_>,
    ledger: &mut Ledger<'_>,
    node: &NodeView<'_>,
    kube: &KubeNode,
    wanted: &NodeAttributes,
) -> Result<(), WaitReason> {
    let evicts = |taint: &&Taint| taint.effect == "NoExecute" && !kube.taints.contains(taint);
    if wanted.taints.iter().any(|taint| evicts(&taint)) {
        return ledger.pay(view, node, "update-node");
    }
    Ok(())
}

/// Objects of nodes that are not in the cluster.
pub(super) fn remove(decision: &mut Decision<'_, '_>, api_server: &str) {
    let (view, draft) = (decision.view, &mut decision.draft);
    let mut gone = Vec::new();
    for node in view
        .observed
        .kubernetes
        .nodes
        .iter()
        .filter(|n| view.node_named(&n.name).is_none())
    {
        match draft.ledger.pay_removal(node, "remove-node") {
            Ok(()) => gone.push(node.name.clone()),
            Err(reason) => draft.wait(Subject::Node(node.name.clone()), reason),
        }
    }
    if !gone.is_empty() {
        draft.operations.push(nodes::remove(api_server, gone));
    }
}
