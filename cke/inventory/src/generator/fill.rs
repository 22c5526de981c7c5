//! What every way of generating ends with: enough control planes, every healthy machine a node.

use super::{Candidate, Change, Error, Generator, NodeTemplate};
use crate::node::machine_to_node;
use cke_model::cluster::Purpose;
use cke_model::cluster::{Cluster, Node};

impl<'a> Generator<'a> {
    /// Adds what is missing and makes the cluster.
    pub(super) fn fill(&mut self, change: &mut Change) -> Result<Cluster, Error> {
        self.fill_control_planes(change)?;
        for _ in self.next_workers.len()..self.available_workers() {
            let Some(worker) = self.take_worker() else { break };
            change.record("add new worker", worker.address);
            self.append_worker(worker);
        }
        let cluster = Cluster {
            nodes: self.nodes()?,
            ..self.template.clone()
        };
        cluster.validate(Purpose::Cluster)?;
        Ok(cluster)
    }

    fn fill_control_planes(&mut self, change: &mut Change) -> Result<(), Error> {
        for _ in self.next_control_planes.len()..self.wanted_control_planes() {
            if let Some(unused) = self.best_control_plane(self.unused.iter()) {
                change.record("add new control plane", unused.address);
                self.unused.remove(unused);
                self.next_control_planes.push(unused);
                continue;
            }
            let worker = self.best_control_plane(self.next_workers.iter().copied());
            let worker = worker.ok_or(Error::NotAvailable)?;
            change.record("promote a worker", worker.address);
            self.remove_worker(worker);
            self.next_control_planes.push(worker);
        }
        Ok(())
    }

    pub(super) fn wanted_control_planes(&self) -> usize {
        usize::try_from(self.constraints.control_plane_count).unwrap_or(0)
    }

    /// How many workers there can be; a template without a role takes any machine.
    fn available_workers(&self) -> usize {
        if self.workers.iter().any(|template| template.role.is_empty()) {
            let healthy = self.healthy.get("").copied().unwrap_or_default();
            return healthy.saturating_sub(self.next_control_planes.len());
        }
        self.workers
            .iter()
            .map(|template| self.healthy_for_workers(template.role))
            .sum()
    }

    fn nodes(&self) -> Result<Vec<Node>, Error> {
        let control_planes = self
            .next_control_planes
            .iter()
            .map(|c| Ok(machine_to_node(c.machine, c.address, self.control_plane.node)));
        let workers = self
            .next_workers
            .iter()
            .map(|c| Ok(machine_to_node(c.machine, c.address, self.worker_template(c)?.node)));
        control_planes.chain(workers).collect()
    }

    fn worker_template(&self, candidate: &Candidate<'a>) -> Result<NodeTemplate<'a>, Error> {
        let role = &candidate.machine.spec.role;
        let found = match self.workers.as_slice() {
            [only] => Some(only),
            several => several.iter().find(|template| template.role == role),
        };
        let missing = || Error::NoTemplate {
            address: candidate.address.to_owned(),
            role: role.clone(),
        };
        found.copied().ok_or_else(missing)
    }
}
