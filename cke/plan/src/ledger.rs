//! The budget of disruptions: who spends it now, and whether one more node may.
//!
//! A node that is out of service already costs nothing more. Without limits nothing is counted at all.

use crate::desired::Desired;
use crate::view::{NodeView, View};
use crate::wait::{Disruption, Spender, WaitReason};
use cke_model::kubernetes::KubeNode;
use cke_model::names::kube;
use cke_model::{Budget, Node, Observed};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// The label that tells racks apart.
pub(crate) const ZONE: &str = "topology.kubernetes.io/zone";

/// Who spends the budget.
pub(crate) struct Ledger<'a> {
    limits: &'a Budget,
    /// By address or name: the rack, and for what.
    spent: BTreeMap<String, (Option<String>, Disruption)>,
}

impl<'a> Ledger<'a> {
    /// What is spent before the decision. Without limits nobody needs to know.
    pub(crate) fn new(view: &View<'a>) -> Self {
        let limits = &view.desired.controls.budget;
        let spent = if limits.is_unlimited() {
            BTreeMap::new()
        } else {
            spent(view)
        };
        Self { limits, spent }
    }

    /// Pays for taking a node of the cluster out of service by an operation.
    ///
    /// # Errors
    /// When the budget of its rack or of the cluster is spent.
    pub(crate) fn pay(&mut self, view: &View<'_>, node: &NodeView<'_>, operation: &str) -> Result<(), WaitReason> {
        let not_in_service = node.kube.is_none() && view.kubernetes().is_some();
        if not_in_service {
            return Ok(());
        }
        self.pay_for(node.address(), rack_of(node), operation)
    }

    /// Pays for removing a Node object that is not in the cluster.
    ///
    /// # Errors
    /// As for [`Ledger::pay`].
    pub(crate) fn pay_removal(&mut self, node: &KubeNode, operation: &str) -> Result<(), WaitReason> {
        self.pay_for(&node.name, node.labels.get(ZONE), operation)
    }

    fn pay_for(&mut self, who: &str, rack: Option<&String>, operation: &str) -> Result<(), WaitReason> {
        if self.limits.is_unlimited() || self.spent.contains_key(who) {
            return Ok(());
        }
        self.room(self.limits.cluster, None)?;
        if rack.is_some() {
            self.room(self.limits.per_rack, rack)?;
        }
        self.enter(who, rack, Disruption::Operation(operation.to_owned()));
        Ok(())
    }

    /// Whether there is room for one more under a limit.
    fn room(&self, limit: Option<i64>, rack: Option<&String>) -> Result<(), WaitReason> {
        let Some(limit) = limit else { return Ok(()) };
        let counts = |other: &Option<String>| rack.is_none() || other.as_ref() == rack;
        let spent_by: Vec<_> = self
            .spent
            .iter()
            .filter(|(_, (other, _))| counts(other))
            .map(spender)
            .collect();
        if i64::try_from(spent_by.len()).is_ok_and(|spent| spent < limit) {
            return Ok(());
        }
        Err(WaitReason::BudgetSpent {
            rack: rack.cloned(),
            limit,
            spent_by,
        })
    }

    fn enter(&mut self, who: &str, rack: Option<&String>, by: Disruption) {
        self.spent.insert(who.to_owned(), (rack.cloned(), by));
    }
}

/// Nodes that are out of service: who spends the budget, with limits or without.
#[must_use]
pub fn spending(desired: &Desired, observed: &Observed, now: Timestamp) -> Vec<Spender> {
    spent(&View::new(desired, observed, now)).iter().map(spender).collect()
}

/// Nodes of the cluster, and others that have a Node object.
fn spent(view: &View<'_>) -> BTreeMap<String, (Option<String>, Disruption)> {
    let ours = view.nodes.iter().filter_map(|n| {
        let by = disruption(view, n)?;
        Some((n.address().to_owned(), (rack_of(n).cloned(), by)))
    });
    let strangers = view
        .observed
        .kubernetes
        .nodes
        .iter()
        .filter(|n| view.node_named(&n.name).is_none());
    let strangers = strangers.filter_map(|n| Some((n.name.clone(), (n.labels.get(ZONE).cloned(), of_object(n)?))));
    ours.chain(strangers).collect()
}

fn spender((node, (_, by)): (&String, &(Option<String>, Disruption))) -> Spender {
    Spender {
        node: node.clone(),
        by: by.clone(),
    }
}

/// The rack of a node, as declared or else as its Node object says.
fn rack_of<'a>(node: &NodeView<'a>) -> Option<&'a String> {
    let declared = declared_rack(node.node);
    declared.or_else(|| node.kube.and_then(|kube| kube.labels.get(ZONE)))
}

pub(crate) fn declared_rack(node: &Node) -> Option<&String> {
    node.labels.as_ref().and_then(|labels| labels.get(ZONE))
}

/// Why a node of the cluster is out of service now.
fn disruption(view: &View<'_>, node: &NodeView<'_>) -> Option<Disruption> {
    if view.rebooting(node.address()).is_some() {
        Some(Disruption::Reboot)
    } else if view.repairing(node.address()).is_some() {
        Some(Disruption::Repair)
    } else if !node.connected() {
        Some(Disruption::Unreachable)
    } else {
        node.kube.and_then(of_object)
    }
}

/// Why a Node object is out of service.
fn of_object(node: &KubeNode) -> Option<Disruption> {
    if !node.ready {
        Some(Disruption::NotReady)
    } else if node.unschedulable && node.annotations.get(kube::REBOOT).is_some_and(|v| v == "true") {
        Some(Disruption::Cordoned)
    } else if node.taints.iter().any(|taint| taint.effect == "NoExecute") {
        Some(Disruption::NoExecute)
    } else {
        None
    }
}
