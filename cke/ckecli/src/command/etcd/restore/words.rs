//! Steps in words.

use cke_etcd::restore::RestoreStep;
use cke_model::Action;

/// What a step does, for people.
pub(super) fn of(step: &RestoreStep) -> String {
    match step {
        RestoreStep::CopyBackup { node, path } => format!("copy the backup to {node}:{path}"),
        RestoreStep::RunTool(run) => format!("make the data of the member on {} from the backup", run.node),
        RestoreStep::StartEtcd { nodes } => format!("start etcd on {}", nodes.join(", ")),
        RestoreStep::RemoveBackup { node, path } => format!("remove the backup {node}:{path}"),
        RestoreStep::Act(action) => of_action(action),
    }
}

fn of_action(action: &Action) -> String {
    match action {
        Action::PullImage { nodes, image } => format!("pull {image} on {}", nodes.join(", ")),
        Action::StopContainer { nodes, name } => format!("stop {name} on {}", nodes.join(", ")),
        Action::RemoveVolume { nodes, name } => format!("remove the volume {name} on {}", nodes.join(", ")),
        Action::CreateVolume { nodes, name } => format!("make the volume {name} on {}", nodes.join(", ")),
        Action::EtcdWaitSync { endpoints, .. } => format!("wait until etcd serves at {}", endpoints.join(", ")),
        other => format!("{other:?}"),
    }
}
