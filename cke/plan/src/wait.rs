//! Why something is not done: every guard of a decision, with what it looked at.
//!
//! The name of a reason is a label of metrics and an identifier in documents; what it says to a person ends with what must
//! happen before the guard opens.

mod display;

use cke_model::Phase;
use gojson::GoTime;
use serde::{Deserialize, Serialize};

pub(crate) use display::few;

/// Declares the reasons, and the name of each.
macro_rules! reasons {
    ($( $(#[$meta:meta])* $variant:ident $name:literal { $( $(#[$fmeta:meta])* $field:ident: $ty:ty ),* $(,)? } )*) => {
        /// Why something is not done now.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "guard")]
        pub enum WaitReason {
            $( $(#[$meta])* #[serde(rename = $name)] $variant { $( $(#[$fmeta])* $field: $ty ),* }, )*
        }

        impl WaitReason {
            /// The names of all reasons.
            pub const NAMES: &[&str] = &[$($name),*];

            /// The name: a word that never changes.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self { $( Self::$variant { .. } => $name, )* }
            }
        }
    };
}

reasons! {
    /// Somebody pulled the brake.
    Frozen "frozen" {
        /// Who.
        by: String,
        /// When.
        since: GoTime,
        /// What for.
        why: String,
    }
    /// What CKE needs before it can look at the cluster cannot be had.
    NotReady "not-ready" {
        /// Why.
        because: String,
    }
    /// The same operation failed when it was applied last.
    OperationFailed "operation-failed" {
        /// Why.
        because: String,
        /// Since when it has failed.
        since: GoTime,
    }
    /// The clock of this boot server is not that of most nodes.
    OurClockDiffers "our-clock-differs" {
        /// How far it is ahead; less than 0: behind.
        seconds: i64,
    }
    /// The clock of a node is not ours.
    ClockDiffers "clock-differs" {
        /// How far it is ahead; less than 0: behind.
        seconds: i64,
    }
    /// A component runs and is not healthy.
    ComponentUnhealthy "component-unhealthy" {
        /// Its container.
        component: String,
        /// What it answers, or why it does not.
        because: String,
    }
    /// A member of etcd runs and does not serve.
    EtcdMemberUnhealthy "etcd-member-unhealthy" {
        /// What it answers, or why it does not.
        because: String,
    }
    /// The cluster has no control plane.
    NoControlPlane "no-control-plane" {}
    /// The stored configuration is of a version that this program does not know.
    ConfigVersionUnknown "config-version-unknown" {
        /// What is stored.
        found: String,
        /// What this program knows.
        known: String,
    }
    /// Control planes do not answer over SSH.
    UnreachableControlPlanes "unreachable-control-planes" {
        /// Which.
        addresses: Vec<String>,
    }
    /// A node does not answer over SSH.
    NodeUnreachable "node-unreachable" {
        /// What was tried, in words.
        because: Option<String>,
    }
    /// API servers are not healthy, and others may only be changed while all are.
    UnhealthyApiServers "unhealthy-api-servers" {
        /// Where.
        addresses: Vec<String>,
    }
    /// No API server is healthy.
    NoHealthyApiServer "no-healthy-api-server" {}
    /// An API server is healthy, but Kubernetes could not be read.
    KubernetesUnknown "kubernetes-unknown" {
        /// What went wrong.
        because: String,
    }
    /// Kubernetes has just begun and lacks its first service account.
    KubernetesNotReady "kubernetes-not-ready" {}
    /// The cluster's etcd does not serve.
    EtcdUnhealthy "etcd-unhealthy" {}
    /// Members of etcd lag behind or are down.
    EtcdNotInSync "etcd-not-in-sync" {
        /// Which.
        members: Vec<String>,
    }
    /// A lost member may not be removed, or the rest would be too few.
    EtcdQuorum "etcd-quorum" {
        /// The member whose data is gone.
        lost: String,
        /// Members that are in sync.
        in_sync: usize,
        /// Members in sync that the rest needs.
        needed: usize,
    }
    /// etcd has lost more than the one control plane that a repair may take care of.
    EtcdTooWeakForRepair "etcd-too-weak-for-repair" {
        /// Whether it serves.
        healthy: bool,
        /// Members in sync.
        in_sync: usize,
        /// How many there must be.
        needed: i64,
        /// Members that are not in sync although their node can be reached.
        out_of_sync: Vec<String>,
    }
    /// It is done on a limited number of nodes at once, and others are before it.
    Turn "turn" {
        /// By which operation it will be done.
        operation: String,
        /// How many nodes are before it.
        ahead: usize,
        /// How many are done at once.
        at_once: usize,
    }
    /// The disruption would be one too many.
    BudgetSpent "budget-spent" {
        /// The rack, or none for the budget of the cluster.
        rack: Option<String>,
        /// How many nodes may be disrupted at once.
        limit: i64,
        /// Who spends it now.
        spent_by: Vec<Spender>,
    }
    /// Options of kubelet have changed, and running kubelets are left alone.
    InPlaceUpdateOff "in-place-update-off" {}
    /// A running kubelet cannot be moved to another container runtime.
    RuntimeChanged "runtime-changed" {
        /// The end point that it runs with.
        running: String,
        /// The end point that is declared.
        wanted: String,
    }
    /// There is no Node object.
    NodeNotRegistered "node-not-registered" {}
    /// Deployments wait until more than half of the nodes are ready.
    NotEnoughNodesReady "not-enough-nodes-ready" {
        /// Nodes that are ready.
        ready: usize,
        /// Nodes that must be.
        needed: usize,
    }
    /// The service of the cluster's resolver has no address yet.
    NoClusterDnsAddress "no-cluster-dns-address" {}
    /// Other work comes first.
    EarlierPhase "earlier-phase" {
        /// What the leader is at.
        phase: Phase,
    }
    /// Nobody works on the reboot queue.
    RebootQueueDisabled "reboot-queue-disabled" {}
    /// The cluster says no command to reboot a node.
    NoRebootCommand "no-reboot-command" {}
    /// The cluster says no command to check that a node has booted.
    NoBootCheckCommand "no-boot-check-command" {}
    /// Too many nodes are out already.
    TooManyUnreachable "too-many-unreachable" {
        /// How many are.
        found: usize,
        /// How many may be.
        allowed: i64,
        /// Which.
        which: Vec<String>,
    }
    /// The last drain failed.
    BackOff "back-off" {
        /// When the next one may start.
        until: GoTime,
        /// How many have failed.
        failures: i64,
        /// How many may fail before the entry is given up.
        allowed: i64,
    }
    /// Pods leave the node.
    Draining "draining" {
        /// Since when.
        since: GoTime,
        /// When it is given up.
        until: GoTime,
    }
    /// The node boots.
    Rebooting "rebooting" {
        /// Since when.
        since: GoTime,
        /// When it is given up.
        until: GoTime,
    }
    /// The machine may become healthy.
    Watching "watching" {
        /// Since when.
        since: GoTime,
        /// When the next step is tried.
        until: GoTime,
        /// The step, from 0.
        step: i64,
    }
    /// An earlier entry names the same machine.
    SameMachine "same-machine" {
        /// Its index.
        entry: i64,
    }
    /// As many as may be are being worked on.
    QueueFull "queue-full" {
        /// The option that says how many.
        option: String,
        /// How many may be.
        limit: i64,
        /// Who is.
        in_progress: Vec<String>,
    }
    /// Control planes are rebooted when no other node is.
    WorkersFirst "workers-first" {
        /// Nodes that come first.
        workers: Vec<String>,
    }
    /// Another control plane is being rebooted or repaired.
    OtherControlPlane "other-control-plane" {
        /// Which.
        addresses: Vec<String>,
    }
    /// The cluster does not say how to repair this.
    NoRepairProcedure "no-repair-procedure" {
        /// Type of the machine.
        machine_type: String,
        /// Name of the repair.
        operation: String,
        /// What is missing.
        missing: String,
        /// When the entry is given up, where it is known since when it waits.
        until: Option<GoTime>,
    }
    /// Nobody works on the repair queue.
    RepairQueueDisabled "repair-queue-disabled" {}
    /// A word in the entry is not known to this version.
    UnknownStatus "unknown-status" {
        /// The word.
        status: String,
    }
    /// The entry has ended, and stays until somebody deletes it.
    Finished "finished" {
        /// How.
        status: String,
    }
}

/// A node that is out of service, as the budget counts it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spender {
    /// Address, or the name of a Node object that is not in the cluster.
    pub node: String,
    /// For what.
    pub by: Disruption,
}

/// For what a node is out of service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Disruption {
    /// It does not answer over SSH.
    Unreachable,
    /// Its Node object is not ready.
    NotReady,
    /// CKE cordoned it.
    Cordoned,
    /// It carries a taint with the effect `NoExecute`.
    NoExecute,
    /// An entry of the reboot queue works on it.
    Reboot,
    /// An entry of the repair queue works on it.
    Repair,
    /// An operation of the same plan touches it.
    Operation(String),
}
