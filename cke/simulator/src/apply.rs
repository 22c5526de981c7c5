//! Carrying out the actions of a plan in the simulated world.
//!
//! Each action does what the real one does, as far as decisions can see it, and fails where the real one would.

mod etcd;
mod kubernetes;
mod node;
mod queues;

use crate::invariant::Broken;
use crate::world::World;
use cke_model::Action;

/// Why an action did not do what it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// As it happens; the operation ends, and the next decision starts from what it left.
    Failed,
    /// CKE broke a promise.
    Broken(Broken),
}

impl From<Broken> for Failure {
    fn from(broken: Broken) -> Self {
        Self::Broken(broken)
    }
}

pub(crate) type Done = Result<(), Failure>;

/// Carries an action out.
pub(crate) fn apply(world: &mut World, action: &Action) -> Done {
    match action {
        Action::PullImage { nodes, .. }
        | Action::MakeDirs { nodes, .. }
        | Action::EmptyDir { nodes, .. }
        | Action::InstallCni { nodes, .. } => node::each(world, nodes, |_, _| Ok(())),
        Action::WriteFiles { nodes, .. } => node::write_files(world, nodes),
        Action::RunContainer(run) => node::run_container(world, run),
        Action::StopContainer { nodes, name } | Action::KillContainer { nodes, name } => node::stop(world, nodes, name),
        Action::CreateVolume { nodes, name } => node::volume(world, nodes, name, true),
        Action::RemoveVolume { nodes, name } => node::volume(world, nodes, name, false),
        Action::WaitKubelet { nodes } => node::each(world, nodes, |world, address| {
            let status = world.seen.nodes.get(address);
            status.filter(|s| s.kubelet.healthy).map(|_| ()).ok_or(Failure::Failed)
        }),
        Action::EtcdSetupAuth { .. } => etcd::serves(world),
        Action::EtcdWaitSync { redundant, .. } => etcd::wait(world, *redundant),
        Action::EtcdAddMember { address, container, .. } => etcd::add(world, address, container),
        Action::EtcdRemoveMembers { ids, .. } => etcd::remove(world, ids),
        Action::SetConfigVersion { version } => {
            world.seen.config_version.clone_from(version);
            world.changes = world.changes.wrapping_add(1);
            Ok(())
        }
        Action::RebootDrainStart { .. }
        | Action::RebootDeleteDaemonSetPods { .. }
        | Action::RebootReboot { .. }
        | Action::RebootDrainTimeout { .. }
        | Action::RebootDequeue { .. }
        | Action::RebootCancel { .. } => queues::reboot(world, action),
        Action::RepairDrainStart { .. }
        | Action::RepairExecute { .. }
        | Action::RepairFinish { .. }
        | Action::RepairDrainTimeout { .. }
        | Action::RepairDequeue { .. } => queues::repair(world, action),
        _ => kubernetes::apply(world, action),
    }
}
