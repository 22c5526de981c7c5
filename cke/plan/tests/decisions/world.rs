//! A cluster in memory that operations are applied to: as simple as can be, so that a decision can be followed to its end.

mod containers;
mod kubernetes;
mod queues;

pub(crate) use containers::config_of;

use crate::fixture::{Site, now};
use cke_model::observed::NodeStatus;
use cke_model::operation::Action;
use cke_model::{Operation, Phase};
use cke_plan::{Plan, decide};
use jiff::{SignedDuration, Timestamp};

/// Rounds after which a cluster that still changes will do so for ever.
const ROUNDS: usize = 200;

pub(crate) struct World {
    pub(crate) site: Site,
    pub(crate) now: Timestamp,
    /// Names of the operations that were applied.
    pub(crate) history: Vec<String>,
}

impl World {
    pub(crate) fn new(site: Site) -> Self {
        Self {
            site,
            now: now(),
            history: Vec::new(),
        }
    }

    pub(crate) fn decide(&self) -> Plan {
        decide(&self.site.desired, &self.site.observed, self.now)
    }

    /// Decides and applies until nothing more is to be done, and gives the last plan.
    pub(crate) fn run(&mut self) -> Plan {
        for _ in 0..ROUNDS {
            let plan = self.decide();
            if plan.operations.is_empty() {
                return plan;
            }
            plan.operations.iter().for_each(|operation| self.apply(operation));
            self.now += SignedDuration::from_secs(1);
        }
        panic!(
            "it never ends: {:?}",
            &self.history[self.history.len().saturating_sub(20)..]
        );
    }

    /// As [`World::run`], to the end of everything.
    pub(crate) fn complete(&mut self) {
        let plan = self.run();
        let waits: Vec<_> = plan.waits.iter().map(ToString::to_string).collect();
        assert_eq!(plan.phase, Phase::Completed, "{waits:#?}");
    }

    pub(crate) fn apply(&mut self, operation: &Operation) {
        self.history.push(operation.name.clone());
        operation.steps.iter().for_each(|step| self.act(&step.action));
    }

    fn node(&mut self, address: &str) -> &mut NodeStatus {
        let status = self.site.observed.nodes.get_mut(address).expect(address);
        assert!(status.ssh_connected, "an operation on {address}, which does not answer");
        status
    }

    fn act(&mut self, action: &Action) {
        match action {
            Action::PullImage { nodes, .. }
            | Action::MakeDirs { nodes, .. }
            | Action::EmptyDir { nodes, .. }
            | Action::InstallCni { nodes, .. } => nodes.iter().for_each(|node| {
                self.node(node);
            }),
            Action::SetConfigVersion { version } => self.site.observed.config_version.clone_from(version),
            Action::WriteFiles { .. }
            | Action::RunContainer(_)
            | Action::StopContainer { .. }
            | Action::KillContainer { .. }
            | Action::CreateVolume { .. }
            | Action::RemoveVolume { .. }
            | Action::WaitKubelet { .. }
            | Action::EtcdSetupAuth { .. }
            | Action::EtcdWaitSync { .. }
            | Action::EtcdAddMember { .. }
            | Action::EtcdRemoveMembers { .. } => self.on_nodes(action),
            Action::RebootDrainStart { .. }
            | Action::RebootDeleteDaemonSetPods { .. }
            | Action::RebootReboot { .. }
            | Action::RebootDrainTimeout { .. }
            | Action::RebootDequeue { .. }
            | Action::RebootCancel { .. }
            | Action::RepairDrainStart { .. }
            | Action::RepairExecute { .. }
            | Action::RepairFinish { .. }
            | Action::RepairDrainTimeout { .. }
            | Action::RepairDequeue { .. } => self.on_queues(action),
            _ => self.on_kubernetes(action),
        }
    }
}
