//! The members of etcd follow the control planes: strangers go, newcomers join, changed ones are restarted, lost ones are
//! replaced. One thing at a time, and nothing that the quorum could not bear.

use crate::draft::{Costs, Draft};
use crate::phases::Decision;
use crate::view::{NodeView, View};
use crate::wait::WaitReason;
use cke_component::drift::Wanted;
use cke_component::etcd;
use cke_model::observed::EtcdMember;
use cke_model::{Operation, Phase};

pub(crate) fn maintain(decision: &mut Decision<'_, '_>) -> Option<Phase> {
    let (view, draft) = (decision.view, &mut decision.draft);
    let unreachable = view.unreachable_control_planes();
    let needed = next(view, decision.wanted, draft)?;
    if !unreachable.is_empty() {
        let targets = needed.targets;
        let subject = crate::plan::Subject::Operation {
            name: needed.name,
            targets,
        };
        draft.wait(subject, WaitReason::UnreachableControlPlanes { addresses: unreachable });
        return None;
    }
    draft.operations.push(needed);
    Some(Phase::EtcdMaintain)
}

/// The next operation. Members that do not serve are dealt with at once; the others only while all are in sync.
fn next<'a>(view: &View<'a>, wanted: &Wanted<'_>, draft: &mut Draft<'a>) -> Option<Operation> {
    let members = Members::new(view);
    let broken = members
        .strangers(false)
        .or_else(|| members.on_workers(false))
        .or_else(|| members.never_started())
        .or_else(|| members.unmarked())
        .or_else(|| members.lost(draft));
    if broken.is_some() {
        return broken;
    }
    if !view.etcd_is_good() {
        let members = view.etcd_out_of_sync().cloned().collect();
        draft.wait_cluster(WaitReason::EtcdNotInSync { members });
        return None;
    }
    members
        .newcomers()
        .or_else(|| members.strangers(true))
        .or_else(|| members.on_workers(true))
        .or_else(|| members.left_over())
        .or_else(|| members.outdated(wanted, draft))
}

/// The members of etcd beside the nodes of the cluster.
struct Members<'v, 'a> {
    view: &'v View<'a>,
    /// Members on nodes of the cluster.
    known: Vec<(NodeView<'a>, &'a EtcdMember, bool)>,
    /// Members on no node of the cluster.
    strangers: Vec<(&'a EtcdMember, bool)>,
}

impl<'v, 'a> Members<'v, 'a> {
    fn new(view: &'v View<'a>) -> Self {
        let etcd = &view.observed.etcd;
        let (mut known, mut strangers) = (Vec::new(), Vec::new());
        for (address, member) in &etcd.members {
            let in_sync = etcd.in_sync.contains(address);
            match view.node(address) {
                Some(node) => known.push((*node, member, in_sync)),
                None => strangers.push((member, in_sync)),
            }
        }
        Self { view, known, strangers }
    }

    /// Members on control planes.
    fn ours(&self) -> impl Iterator<Item = &(NodeView<'a>, &'a EtcdMember, bool)> {
        self.known.iter().filter(|(n, ..)| n.node.control_plane)
    }

    fn strangers(&self, in_sync: bool) -> Option<Operation> {
        let members: Vec<_> = self
            .strangers
            .iter()
            .filter(|(_, s)| *s == in_sync)
            .map(|(m, _)| *m)
            .collect();
        (!members.is_empty()).then(|| etcd::remove_members(&self.view.site, &members))
    }

    /// Members on nodes that are no control planes any more: removed with their data, where the node can be reached.
    fn on_workers(&self, in_sync: bool) -> Option<Operation> {
        let these = self
            .known
            .iter()
            .filter(|(n, _, s)| !n.node.control_plane && *s == in_sync);
        let (nodes, members): (Vec<_>, Vec<_>) = these.map(|(n, m, _)| (*n, *m)).unzip();
        let reachable: Vec<_> = nodes.iter().filter(|n| n.connected()).map(|n| n.node).collect();
        (!members.is_empty()).then(|| etcd::destroy_members(&self.view.site, &reachable, &members))
    }

    /// What removed members left on nodes that are no control planes any more, where their removal was not done to its end: a container
    /// that has stopped, and all data of the cluster.
    fn left_over(&self) -> Option<Operation> {
        let members = &self.view.observed.etcd.members;
        let has_some = |n: &&NodeView<'_>| {
            let etcd = n.status.map(|status| &status.etcd);
            etcd.is_some_and(|etcd| !etcd.service.running && (etcd.has_data || !etcd.service.image.is_empty()))
        };
        let workers = self.view.nodes.iter().filter(|n| !n.node.control_plane);
        let these = workers.filter(|n| !members.contains_key(n.address())).filter(has_some);
        let nodes: Vec<_> = these.map(|n| n.node).collect();
        (!nodes.is_empty()).then(|| etcd::destroy_members(&self.view.site, &nodes, &[]))
    }

    /// Members that were added and have never started: the addition is done again.
    fn never_started(&self) -> Option<Operation> {
        let mut these = self.ours().filter(|(_, member, _)| member.name.is_empty());
        these.next().map(|(n, ..)| etcd::add_member(&self.view.site, n.node))
    }

    /// Members that serve and are not marked as added.
    fn unmarked(&self) -> Option<Operation> {
        let unmarked = |n: &NodeView<'_>| n.status.is_some_and(|s| !s.etcd.is_added_member);
        let these = self.ours().filter(|(n, _, in_sync)| *in_sync && unmarked(n));
        let nodes: Vec<_> = these.map(|(n, ..)| n.node).collect();
        let marked = |n: &NodeView<'_>| n.status.is_some_and(|s| s.etcd.is_added_member);
        let first = !self.view.control_planes.iter().any(marked);
        (!nodes.is_empty()).then(|| etcd::mark_members(&self.view.site, &nodes, first))
    }

    /// A member whose volumes are gone while its node can be reached: it can never serve again under its number, so it is
    /// removed, and its control plane joins as a newcomer. The rest must have a quorum without it.
    fn lost(&self, draft: &mut Draft<'_>) -> Option<Operation> {
        let gone = |n: &NodeView<'_>| {
            n.status
                .is_some_and(|s| !s.etcd.service.running && !s.etcd.is_added_member)
        };
        let (node, member, _) = self
            .ours()
            .find(|(n, member, s)| !s && !member.name.is_empty() && gone(n))?;
        let etcd = &self.view.observed.etcd;
        let in_sync = etcd
            .members
            .keys()
            .filter(|address| etcd.in_sync.contains(*address))
            .count();
        let rest = etcd.members.len().saturating_sub(1);
        let needed = rest / 2 + 1;
        if in_sync < needed {
            let lost = node.address().to_owned();
            draft.wait_node(node, WaitReason::EtcdQuorum { lost, in_sync, needed });
            return None;
        }
        Some(etcd::remove_members(&self.view.site, &[member]))
    }

    fn newcomers(&self) -> Option<Operation> {
        let members = &self.view.observed.etcd.members;
        let mut new = self
            .view
            .control_planes
            .iter()
            .filter(|n| !members.contains_key(n.address()));
        new.next().map(|n| etcd::add_member(&self.view.site, n.node))
    }

    /// A member with another image or other parameters; one at a time.
    fn outdated(&self, wanted: &Wanted<'_>, draft: &mut Draft<'a>) -> Option<Operation> {
        let view = self.view;
        let drifts = |n: &&NodeView<'_>| {
            let service = n.status.map(|s| &s.etcd.service).filter(|service| service.running);
            service.is_some_and(|service| wanted.etcd(n.node, service).is_some())
        };
        let outdated = view.control_planes.iter().filter(drifts).copied();
        let node = draft.up_to(1, view, outdated, "etcd-restart", Costs::Disruption);
        node.first().map(|node| etcd::restart(&view.site, node))
    }
}
