//! Reasons in words for a person: what holds it back, and what must happen.

use super::{Disruption, Spender, WaitReason};
use crate::advice::advice;
use gojson::GoTime;
use std::fmt;

/// How many names a sentence lists before it counts the rest.
const LISTED: usize = 5;

/// The first names of a list, and how many more there are.
pub(crate) fn few<T: fmt::Display>(names: &[T]) -> String {
    let mut text = names
        .iter()
        .take(LISTED)
        .map(T::to_string)
        .collect::<Vec<_>>()
        .join(", ");
    if names.is_empty() {
        text.push_str("nothing");
    }
    if let Some(more) = names.len().checked_sub(LISTED).filter(|more| *more > 0) {
        text.push_str(&format!(" and {more} more"));
    }
    text
}

impl fmt::Display for WaitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&cluster(self).or_else(|| node(self)).unwrap_or_else(|| entry(self)))
    }
}

/// Reasons that hold the cluster or its etcd.
fn cluster(reason: &WaitReason) -> Option<String> {
    Some(match reason {
        WaitReason::Frozen { by, since, why } => {
            format!("frozen by {by} since {since} ({why}); `ckecli thaw` lets it go on")
        }
        WaitReason::NotReady { because } => {
            let advice = advice(because).unwrap_or("look at the log of cke, and at `ckecli doctor`");
            format!("nothing can be looked at: {because}; {advice}")
        }
        WaitReason::OperationFailed { because, since } => {
            let advice = advice(because).unwrap_or("it is tried again; `ckecli history` shows each try");
            format!("it fails since {since}: {because}; {advice}")
        }
        WaitReason::OurClockDiffers { seconds } => format!(
            "the clock of the boot server that leads is {} that of most nodes: mend its time service, for certificates seem to have ended, \
             or not to be valid yet",
            apart(*seconds)
        ),
        WaitReason::NoControlPlane {} => "the cluster has no control plane; declare one".to_owned(),
        WaitReason::ConfigVersionUnknown { found, known } => format!(
            "the cluster was built by a later version (configuration {found}, this program knows {known}); run that version"
        ),
        WaitReason::UnreachableControlPlanes { addresses } => format!(
            "control planes do not answer over SSH: {}; bring them back, repair them, or take them out of the cluster",
            few(addresses)
        ),
        WaitReason::UnhealthyApiServers { addresses } => format!(
            "API servers are not healthy on {}; the others are changed when all are, see their logs there",
            few(addresses)
        ),
        WaitReason::NoHealthyApiServer {} => {
            "no API server is healthy; see the logs of kube-apiserver and etcd on the control planes".to_owned()
        }
        WaitReason::KubernetesUnknown { because } => format!("Kubernetes could not be read: {because}"),
        WaitReason::KubernetesNotReady {} => {
            "Kubernetes has just begun; its first service account comes soon".to_owned()
        }
        WaitReason::EtcdUnhealthy {} => {
            "the cluster's etcd does not serve; see its logs on the control planes".to_owned()
        }
        WaitReason::EtcdNotInSync { members } => format!(
            "members of the cluster's etcd are not in sync: {}; they must catch up or be replaced first",
            few(members)
        ),
        WaitReason::EtcdQuorum { lost, in_sync, needed } => format!(
            "the data of etcd's member {lost} is gone, and without it the rest would need {needed} members in sync and has \
             {in_sync}; bring another member back first"
        ),
        WaitReason::EtcdTooWeakForRepair {
            healthy,
            in_sync,
            needed,
            out_of_sync,
        } => too_weak(*healthy, *in_sync, *needed, out_of_sync),
        WaitReason::NotEnoughNodesReady { ready, needed } => {
            format!("{ready} nodes are ready, Deployments are applied when {needed} are")
        }
        WaitReason::NoClusterDnsAddress {} => "the service of the cluster's resolver has no address yet".to_owned(),
        WaitReason::EarlierPhase { phase } => format!("the leader is at {}, which comes first", word(phase)),
        _ => return None,
    })
}

fn too_weak(healthy: bool, in_sync: usize, needed: i64, out_of_sync: &[String]) -> String {
    if !healthy {
        return "the cluster's etcd does not serve; repairs wait until it does".to_owned();
    }
    if out_of_sync.is_empty() {
        return format!("{in_sync} members of etcd are in sync, a repair needs {needed}; bring a member back first");
    }
    format!(
        "members of etcd are not in sync although their nodes can be reached: {}; repairs wait until they are",
        few(out_of_sync)
    )
}

/// Reasons that hold work on a node.
fn node(reason: &WaitReason) -> Option<String> {
    Some(match reason {
        WaitReason::NodeUnreachable { because } => match because {
            Some(because) => format!("it does not answer over SSH: {because}"),
            None => "it does not answer over SSH".to_owned(),
        },
        WaitReason::ClockDiffers { seconds } => {
            format!("its clock is {} ours: mend its time service", apart(*seconds))
        }
        WaitReason::ComponentUnhealthy { component, because } => {
            let advice = advice(because).unwrap_or("see its log there");
            format!("{component} runs and is not healthy: {because}; {advice}")
        }
        WaitReason::EtcdMemberUnhealthy { because } => {
            let advice = advice(because).unwrap_or("see its log there");
            format!("a member of etcd runs and does not serve: {because}; {advice}")
        }
        WaitReason::Turn { operation, ahead, at_once } => {
            format!("{ahead} nodes are before it for {operation}, {at_once} at once")
        }
        WaitReason::BudgetSpent { rack, limit, spent_by } => format!(
            "the budget of {} allows {limit} disrupted nodes at once, spent by {}; it goes on when one is back in service",
            rack.as_ref().map_or("the cluster".to_owned(), |rack| format!("rack {rack}")),
            few(spent_by)
        ),
        WaitReason::InPlaceUpdateOff {} => {
            "the declared options of kubelet differ from those it runs with; they take effect at the next reboot, or now with \
             `in_place_update: true`"
                .to_owned()
        }
        WaitReason::RuntimeChanged { running, wanted } => format!(
            "kubelet runs with the container runtime {running:?} and cannot change to {wanted:?} while it runs; reboot the node"
        ),
        WaitReason::NodeNotRegistered {} => {
            "it has no Node object, so labels, annotations and taints wait until kubelet registers it".to_owned()
        }
        _ => return None,
    })
}

/// Reasons that hold entries of queues.
fn entry(reason: &WaitReason) -> String {
    match reason {
        WaitReason::RebootQueueDisabled {} => {
            "the reboot queue is disabled; `ckecli reboot-queue enable` lets it go on".to_owned()
        }
        WaitReason::RepairQueueDisabled {} => {
            "the repair queue is disabled; `ckecli repair-queue enable` lets it go on".to_owned()
        }
        WaitReason::NoRebootCommand {} => "the cluster declares no `reboot_command`".to_owned(),
        WaitReason::NoBootCheckCommand {} => "the cluster declares no `boot_check_command`".to_owned(),
        WaitReason::TooManyUnreachable { found, allowed, which } => format!(
            "{found} nodes are unreachable ({}), and the constraint maximum-unreachable-nodes-for-reboot allows {allowed}; bring \
             them back, or raise it",
            few(which)
        ),
        WaitReason::BackOff {
            until,
            failures,
            allowed,
        } => format!(
            "{failures} drains have failed of {allowed} before it is given up; the next starts after {until}, or at once with \
             `reset-backoff`"
        ),
        WaitReason::Draining { since, until } => {
            format!(
                "pods leave the node since {since}; it is given up and tried again later at {}",
                end(until)
            )
        }
        WaitReason::Rebooting { since, until } => {
            format!(
                "the node boots since {since}; it is drained and rebooted again after {}",
                end(until)
            )
        }
        WaitReason::Watching { since, until, step } => format!(
            "the command of step {step} ran at {since}; the machine has until {} to become healthy",
            end(until)
        ),
        WaitReason::SameMachine { entry } => format!("entry {entry} of the same machine comes first"),
        WaitReason::QueueFull {
            option,
            limit,
            in_progress,
        } => {
            format!(
                "{option} allows {limit} at once, and these are worked on: {}",
                few(in_progress)
            )
        }
        WaitReason::WorkersFirst { workers } => {
            format!(
                "control planes are rebooted after all other nodes, these come first: {}",
                few(workers)
            )
        }
        WaitReason::OtherControlPlane { addresses } => {
            format!("another control plane is worked on: {}", few(addresses))
        }
        WaitReason::NoRepairProcedure {
            machine_type,
            operation,
            missing,
            until,
        } => format!(
            "{missing} (machine type {machine_type:?}, operation {operation:?}); add it to the cluster, or delete the entry{}",
            until.map_or(String::new(), |until| format!("; it fails at {until}"))
        ),
        WaitReason::UnknownStatus { status } => {
            format!("its status {status:?} is of another version; that version must end it, or delete the entry")
        }
        WaitReason::Finished { status } => format!("it has {status}, and stays in the list until it is deleted"),
        other => other.name().to_owned(),
    }
}

/// How far a clock is from another.
fn apart(seconds: i64) -> String {
    let side = if seconds < 0 { "behind" } else { "ahead of" };
    format!("{} s {side}", seconds.unsigned_abs())
}

/// The end of something, where it has one.
fn end(until: &GoTime) -> String {
    if until.is_zero() {
        "no time".to_owned()
    } else {
        until.to_string()
    }
}

/// The word of a phase as it is stored.
fn word(phase: &cke_model::Phase) -> String {
    serde_json::to_value(phase)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

impl fmt::Display for Spender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.node, self.by)
    }
}

impl fmt::Display for Disruption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unreachable => "unreachable",
            Self::NotReady => "not ready",
            Self::Cordoned => "cordoned",
            Self::NoExecute => "tainted NoExecute",
            Self::Reboot => "reboot",
            Self::Repair => "repair",
            Self::Operation(name) => name,
        })
    }
}
