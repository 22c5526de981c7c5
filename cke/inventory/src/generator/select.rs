//! Choosing machines: for the control plane by score, for workers by role.

use super::{Candidate, Generator, NodeTemplate};
use crate::node::STATE_TAINT;
use crate::score::{RackCount, score, score_with_health};
use cke_model::names::kube::MASTER;
use std::collections::{HashMap, HashSet, VecDeque};

/// Taints that Kubernetes itself puts on nodes and takes off again.
const TRANSIENT: &str = "node.kubernetes.io/";

/// Healthy machines that are no nodes. Taking one of a role costs the same however many there are.
#[derive(Debug, Default)]
pub(super) struct Unused<'a> {
    free: HashSet<&'a str>,
    any: VecDeque<Candidate<'a>>,
    by_role: HashMap<&'a str, VecDeque<Candidate<'a>>>,
}

impl<'a> Unused<'a> {
    pub(super) fn of(machines: impl Iterator<Item = Candidate<'a>>) -> Self {
        let mut unused = Self::default();
        for candidate in machines {
            unused.free.insert(candidate.address);
            unused.any.push_back(candidate);
            unused
                .by_role
                .entry(&candidate.machine.spec.role)
                .or_default()
                .push_back(candidate);
        }
        unused
    }

    pub(super) fn len(&self) -> usize {
        self.free.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Candidate<'a>> {
        self.any
            .iter()
            .filter(|candidate| self.free.contains(candidate.address))
            .copied()
    }

    pub(super) fn remove(&mut self, candidate: Candidate<'a>) {
        self.free.remove(candidate.address);
    }

    /// The first of a role; of any where it is empty.
    pub(super) fn take(&mut self, role: &str) -> Option<Candidate<'a>> {
        let queue = if role.is_empty() {
            &mut self.any
        } else {
            self.by_role.get_mut(role)?
        };
        while let Some(candidate) = queue.pop_front() {
            if self.free.remove(candidate.address) {
                return Some(candidate);
            }
        }
        None
    }
}

impl<'a> Generator<'a> {
    /// The best of the candidates for the control plane, if any can be one.
    pub(super) fn best_control_plane(&self, from: impl Iterator<Item = Candidate<'a>>) -> Option<Candidate<'a>> {
        let role = self.control_plane.role;
        let able = |c: &Candidate<'a>| c.machine.is_healthy() && (role.is_empty() || c.machine.spec.role == role);
        let mut candidates: Vec<_> = from.filter(|c| able(c) && !self.is_tainted(c)).collect();
        if candidates.iter().any(|c| self.is_spare(c)) {
            candidates.retain(|c| self.is_spare(c));
        }
        let racks = self.control_planes_by_rack();
        // Of equals the first: `max_by_key` would take the last.
        candidates
            .into_iter()
            .rev()
            .max_by_key(|c| score(c.machine, &racks, self.now))
    }

    /// The control plane that is given up first.
    pub(super) fn worst_control_plane(&self) -> Option<Candidate<'a>> {
        let racks = self.control_planes_by_rack();
        let all = self.next_control_planes.iter().copied();
        all.min_by_key(|c| score_with_health(c.machine, &racks, self.now))
    }

    /// Takes an unused machine for the role that has the least part of its machines working; of the next role where that one has none.
    pub(super) fn take_worker(&mut self) -> Option<Candidate<'a>> {
        let part = |template: &NodeTemplate<'a>| {
            let healthy = self.healthy_for_workers(template.role);
            let working = self.workers_by_role.get(template.role).copied().unwrap_or_default();
            if healthy > 0 { ratio(working, healthy) } else { f64::MAX }
        };
        let mut roles: Vec<_> = self
            .workers
            .iter()
            .map(|template| (part(template), template.role))
            .collect();
        roles.sort_by(|a, b| a.0.total_cmp(&b.0));
        roles.into_iter().find_map(|(_, role)| self.unused.take(role))
    }

    /// Healthy machines of a role, without the control planes where they are of the same role.
    pub(super) fn healthy_for_workers(&self, role: &str) -> usize {
        let all = self.healthy.get(role).copied().unwrap_or_default();
        let control_planes = if role == self.control_plane.role {
            self.next_control_planes.len()
        } else {
            0
        };
        all.saturating_sub(control_planes)
    }

    fn control_planes_by_rack(&self) -> RackCount {
        let mut racks = RackCount::new();
        self.next_control_planes
            .iter()
            .for_each(|c| *racks.entry(c.machine.spec.rack).or_default() += 1);
        racks
    }

    fn taint_keys(&self, candidate: &Candidate<'a>) -> impl Iterator<Item = &'a str> {
        // What is not known of a node does not speak against it.
        let node = self.kube_nodes.get(candidate.address).copied();
        node.into_iter()
            .flat_map(|node| node.taints.iter().map(|taint| taint.key.as_str()))
    }

    /// Whether somebody else put a taint on the node that nothing here tolerates.
    fn is_tainted(&self, candidate: &Candidate<'a>) -> bool {
        let tolerated = |key: &str| {
            let own = [STATE_TAINT, MASTER, self.template.sabakan.spare_node_taint_key.as_str()];
            let mut by_template = self.template.control_plane_tolerations.iter().flatten();
            key.starts_with(TRANSIENT) || own.contains(&key) || by_template.any(|t| t == key)
        };
        self.taint_keys(candidate).any(|key| !tolerated(key))
    }

    fn is_spare(&self, candidate: &Candidate<'a>) -> bool {
        let spare = &self.template.sabakan.spare_node_taint_key;
        self.taint_keys(candidate).any(|key| key == spare)
    }
}

/// A part of a whole; counts of machines are far below where a float loses them.
#[expect(clippy::cast_precision_loss, reason = "counts of machines")]
pub(super) fn ratio(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}
