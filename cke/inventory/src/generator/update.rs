//! The three ways: a new cluster, the same nodes with a new template, one step from the current cluster.

use super::select::{Unused, ratio};
use super::{Candidate, Change, Error, Generator};
use crate::machine::State;
use crate::node::has_state_taint;
use cke_model::cluster::{Cluster, Node};
use std::collections::HashSet;

impl<'a> Generator<'a> {
    /// A cluster where there is none.
    ///
    /// # Errors
    /// When the constraints cannot be satisfied.
    pub fn generate(&mut self) -> Result<(Cluster, Change), Error> {
        let mut change = Change::new("new");
        change.changes.push("generate new cluster".to_owned());
        self.collect_unused(&[]);
        Ok((self.fill(&mut change)?, change))
    }

    /// The nodes of `current` under a new template; nodes are only added.
    ///
    /// # Errors
    /// When a node has no machine, or the constraints cannot be satisfied.
    pub fn regenerate(&mut self, current: &Cluster) -> Result<(Cluster, Change), Error> {
        let missing = self.adopt(current);
        if !missing.is_empty() {
            return Err(Error::MissingMachines(
                missing.iter().map(|node| node.address.clone()).collect(),
            ));
        }
        let mut change = Change::new("regenerate");
        change.changes.push("regenerate with new template".to_owned());
        Ok((self.fill(&mut change)?, change))
    }

    /// The first step that is necessary, in this order: nodes without a machine go, control planes are added or given up, machines become
    /// workers, a retired worker goes, taints follow states. `None` when there is none.
    ///
    /// # Errors
    /// When the step cannot be done.
    pub fn update(&mut self, current: &Cluster) -> Result<Option<(Cluster, Change)>, Error> {
        let missing = self.adopt(current);
        self.check_control_planes(current)?;
        let step = remove_missing(&missing)
            .or_else(|| self.increase_control_planes())
            .or_else(|| self.decrease_control_planes())
            .or_else(|| self.increase_workers())
            .or_else(|| self.decrease_workers())
            .or_else(|| self.change_taints(current));
        let Some(mut change) = step else { return Ok(None) };
        Ok(Some((self.fill(&mut change)?, change)))
    }

    /// Begins with the nodes of a cluster, and gives those without a machine.
    fn adopt<'c>(&mut self, current: &'c Cluster) -> Vec<&'c Node> {
        let mut missing = Vec::new();
        for node in &current.nodes {
            match self.by_address.get(node.address.as_str()).copied() {
                None => missing.push(node),
                Some(machine) if node.control_plane => self.next_control_planes.push(machine),
                Some(machine) => self.append_worker(machine),
            }
        }
        self.collect_unused(&current.nodes);
        missing
    }

    fn collect_unused(&mut self, used: &[Node]) {
        let used: HashSet<_> = used.iter().map(|node| node.address.as_str()).collect();
        let unused = self
            .machines
            .iter()
            .filter(|c| c.machine.is_healthy() && !used.contains(c.address));
        self.unused = Unused::of(unused.copied());
    }

    /// etcd loses its quorum for ever when half of its members are replaced.
    fn check_control_planes(&self, current: &Cluster) -> Result<(), Error> {
        let total = current.control_planes().count();
        if self.next_control_planes.len() * 2 > total {
            return Ok(());
        }
        let gone = current
            .control_planes()
            .filter(|node| !self.by_address.contains_key(node.address.as_str()));
        Err(Error::TooManyGone {
            gone: gone.map(|node| node.address.clone()).collect(),
            total,
        })
    }

    fn increase_control_planes(&self) -> Option<Change> {
        (self.next_control_planes.len() < self.wanted_control_planes()).then(|| Change::new("increase control plane"))
    }

    fn decrease_control_planes(&mut self) -> Option<Change> {
        let mut change = Change::new("decrease control plane");
        while self.next_control_planes.len() > self.wanted_control_planes() {
            let worst = self.worst_control_plane()?;
            self.next_control_planes.retain(|c| c.address != worst.address);
            change.record("demote a control plane", worst.address);
            self.append_worker(worst);
        }
        Some(change).filter(|change| !change.changes.is_empty())
    }

    fn increase_workers(&mut self) -> Option<Change> {
        let healthy = self.next_workers.iter().filter(|c| c.machine.is_healthy()).count();
        let all = self.healthy.get("").copied().unwrap_or_default();
        let available = all.saturating_sub(self.next_control_planes.len());
        let mut change = Change::new("increase worker");
        for _ in healthy..available {
            let Some(worker) = self.take_worker() else { break };
            change.record("add new worker", worker.address);
            self.append_worker(worker);
        }
        Some(change).filter(|change| !change.changes.is_empty())
    }

    fn decrease_workers(&mut self) -> Option<Change> {
        let retired = self.retired_worker()?;
        if self.too_few_workers_without_one() {
            return None;
        }
        let mut change = Change::new("decrease worker");
        change.record("remove retired worker", retired.address);
        self.remove_worker(retired);
        Some(change)
    }

    /// The first worker that has been retired for long enough.
    pub(crate) fn retired_worker(&self) -> Option<Candidate<'a>> {
        let retired = |c: &&Candidate<'a>| {
            c.machine.status.state == State::Retired && c.machine.status.duration > self.wait_retired_seconds
        };
        self.next_workers.iter().find(retired).copied()
    }

    /// Whether `minimum-workers-rate` forbids to remove a worker.
    pub(crate) fn too_few_workers_without_one(&self) -> bool {
        let rest = ratio(self.next_workers.len().saturating_sub(1), self.machines.len()) * 100.0;
        rest < f64::from(i32::try_from(self.constraints.minimum_workers_rate).unwrap_or(i32::MAX))
    }

    fn change_taints(&self, current: &Cluster) -> Option<Change> {
        let mut change = Change::new("taint nodes");
        for node in current.control_planes().chain(current.workers()) {
            let state = self
                .by_address
                .get(node.address.as_str())
                .map(|c| &c.machine.status.state);
            if state.is_some_and(|state| !has_state_taint(node, state)) {
                change.changes.push(format!("change taint of {}", node.address));
            }
        }
        Some(change).filter(|change| !change.changes.is_empty())
    }
}

fn remove_missing(missing: &[&Node]) -> Option<Change> {
    let mut change = Change::new("remove non-existent node");
    let (control_planes, workers): (Vec<&Node>, Vec<&Node>) = missing.iter().partition(|node| node.control_plane);
    for (what, nodes) in [("control plane", control_planes), ("worker", workers)] {
        nodes
            .iter()
            .for_each(|node| change.record(&format!("remove non-existent {what}"), &node.address));
    }
    Some(change).filter(|change| !change.changes.is_empty())
}
