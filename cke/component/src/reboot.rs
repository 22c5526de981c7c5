//! Operations on entries of the reboot queue.

use crate::steps::step;
use cke_model::cluster::Reboot;
use cke_model::operation::Action;
use cke_model::{Operation, RebootEntry};

/// `reboot-drain-start`: marks and cordons nodes, and evicts their pods.
#[must_use]
pub fn drain_start(api_server: &str, entries: Vec<RebootEntry>, policy: &Reboot) -> Operation {
    let nodes = nodes(&entries);
    let action = Action::RebootDrainStart {
        api_server: api_server.to_owned(),
        entries,
        policy: policy.clone(),
    };
    operation("reboot-drain-start", "rebootDrainStartCommand", nodes, action)
}

/// `reboot-delete-daemonset-pod`: deletes what no eviction touches and only a deletion updates.
#[must_use]
pub fn delete_daemon_set_pods(api_server: &str, entries: Vec<RebootEntry>, policy: &Reboot) -> Operation {
    let nodes = nodes(&entries);
    let action = Action::RebootDeleteDaemonSetPods {
        api_server: api_server.to_owned(),
        entries,
        policy: policy.clone(),
    };
    let step_name = "rebootDeleteDaemonSetPodCommand";
    operation("reboot-delete-daemonset-pod", step_name, nodes, action)
}

/// `reboot-reboot`: runs the reboot command.
#[must_use]
pub fn reboot(api_server: &str, entries: Vec<RebootEntry>, policy: &Reboot) -> Operation {
    let nodes = nodes(&entries);
    let action = Action::RebootReboot {
        api_server: api_server.to_owned(),
        entries,
        policy: policy.clone(),
    };
    operation("reboot-reboot", "rebootRebootCommand", nodes, action)
}

/// `reboot-drain-timeout`: puts entries back, to be tried again later.
#[must_use]
pub fn drain_timeout(entries: Vec<RebootEntry>) -> Operation {
    let nodes = nodes(&entries);
    let action = Action::RebootDrainTimeout { entries };
    operation("reboot-drain-timeout", "rebootDrainTimeoutCommand", nodes, action)
}

/// `reboot-dequeue`: removes entries that are done.
#[must_use]
pub fn dequeue(entries: Vec<RebootEntry>) -> Operation {
    let nodes = nodes(&entries);
    let action = Action::RebootDequeue { entries };
    operation("reboot-dequeue", "rebootDequeueCommand", nodes, action)
}

/// `reboot-cancel`: removes entries that were cancelled.
#[must_use]
pub fn cancel(entries: Vec<RebootEntry>) -> Operation {
    let nodes = nodes(&entries);
    let action = Action::RebootCancel { entries };
    operation("reboot-cancel", "rebootDequeueCommand", nodes, action)
}

/// `reboot-give-up`: removes entries that have failed too often. The name tells them from cancelled ones.
#[must_use]
pub fn give_up(entries: Vec<RebootEntry>) -> Operation {
    Operation {
        name: "reboot-give-up".to_owned(),
        ..cancel(entries)
    }
}

/// `reboot-boot-timeout`: puts entries back whose nodes have not booted.
#[must_use]
pub fn boot_timeout(entries: Vec<RebootEntry>) -> Operation {
    Operation {
        name: "reboot-boot-timeout".to_owned(),
        ..drain_timeout(entries)
    }
}

fn nodes(entries: &[RebootEntry]) -> Vec<String> {
    entries.iter().map(|entry| entry.node.clone()).collect()
}

fn operation(name: &str, step_name: &str, targets: Vec<String>, action: Action) -> Operation {
    let steps = vec![step(step_name, targets.join(","), action)];
    Operation {
        name: name.to_owned(),
        targets,
        steps,
    }
}
