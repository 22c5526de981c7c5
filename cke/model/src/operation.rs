//! What a decision orders: operations made of steps, as plain data.
//!
//! The whole of a step is in its [`Action`]: which nodes, which container, which file. Secrets are not: files name the
//! certificate or the key that they hold ([`Content`]), and whoever applies the step asks for it.
//! A plan can thus be printed, stored, compared and simulated.

use crate::certificate::{Authority, Certificate};
use crate::cluster::{Reboot, Repair, TrustedRestMapping};
use crate::kubernetes::{KubeConfigMap, KubeEndpointSlice, KubeEndpoints, Taint};
use crate::reboot::RebootEntry;
use crate::repair::RepairEntry;
use crate::resource::ResourceDefinition;
use crate::service::{Mount, ServiceParams};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A named series of steps on some targets, recorded in the history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Operation {
    /// As in the history, `kubelet-bootstrap`.
    pub name: String,
    /// Addresses (or end points) that it touches.
    pub targets: Vec<String>,
    /// In order; one that fails ends the operation.
    pub steps: Vec<Step>,
}

/// One step of an operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// As in the history, `run-container`.
    pub name: String,
    /// As in the history: a container, an image, paths.
    pub target: String,
    /// What to do.
    pub action: Action,
}

/// What a step does. Every action is idempotent. `nodes` are addresses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
#[expect(missing_docs, reason = "fields say what they are")]
pub enum Action {
    /// Pulls an image where it is missing.
    PullImage { nodes: Vec<String>, image: String },
    /// Makes directories, with the tools image; `mode` in octal digits, `755`.
    MakeDirs {
        nodes: Vec<String>,
        image: String,
        dirs: Vec<String>,
        mode: String,
    },
    /// Removes everything in a directory, with the tools image.
    EmptyDir {
        nodes: Vec<String>,
        image: String,
        dir: String,
    },
    /// Copies CNI plugins to the node, with the tools image.
    InstallCni {
        nodes: Vec<String>,
        image: String,
        binds: Vec<Mount>,
    },
    /// Writes files atomically, with the tools image.
    WriteFiles { image: String, nodes: Vec<NodeFiles> },
    /// Starts a named container; one of that name which does not run is removed, one that runs is left.
    RunContainer(RunContainer),
    /// Stops and removes a container.
    StopContainer { nodes: Vec<String>, name: String },
    /// Kills a container.
    KillContainer { nodes: Vec<String>, name: String },
    /// Makes a volume.
    CreateVolume { nodes: Vec<String>, name: String },
    /// Removes a volume.
    RemoveVolume { nodes: Vec<String>, name: String },
    /// Waits until kubelets are healthy.
    WaitKubelet { nodes: Vec<String> },

    /// Users, roles and authentication of the cluster's etcd.
    EtcdSetupAuth { endpoints: Vec<String> },
    /// Waits until writes succeed, and with `redundant` until a member more than the quorum answers.
    EtcdWaitSync { endpoints: Vec<String>, redundant: bool },
    /// Adds a member, where it is none, and starts its container with the members as they are then.
    EtcdAddMember {
        endpoints: Vec<String>,
        nodename: String,
        address: String,
        container: RunContainer,
    },
    /// Removes members.
    EtcdRemoveMembers { endpoints: Vec<String>, ids: Vec<u64> },

    /// Waits until the API answers and `kube-system` has its service account.
    KubeWait { api_server: String },
    /// Puts boot taints back on Node objects.
    KubeRetaint {
        api_server: String,
        nodes: Vec<String>,
        taints: Vec<Taint>,
    },
    /// Updates labels, annotations and taints of Node objects: what they must have.
    KubeUpdateNodes {
        api_server: String,
        nodes: Vec<NodeAttributes>,
    },
    /// Removes Node objects after draining is no longer possible.
    KubeRemoveNodes { api_server: String, names: Vec<String> },
    /// Makes or updates Endpoints.
    KubePutEndpoints {
        api_server: String,
        create: bool,
        endpoints: KubeEndpoints,
    },
    /// Makes or updates an EndpointSlice.
    KubePutEndpointSlice {
        api_server: String,
        create: bool,
        slice: KubeEndpointSlice,
    },
    /// Makes or updates the service `kube-system/cke-etcd`.
    KubePutEtcdService { api_server: String, create: bool },
    /// Makes or updates a ConfigMap of DNS.
    KubePutConfigMap {
        api_server: String,
        create: bool,
        config_map: KubeConfigMap,
    },
    /// Applies a resource on the server's side.
    KubeApply {
        api_server: String,
        resource: ResourceDefinition,
        force_conflicts: bool,
        trusted_mappings: Vec<TrustedRestMapping>,
    },
    /// Makes nodes schedulable that CKE had cordoned.
    KubeUncordon { api_server: String, nodes: Vec<String> },

    /// Evicts in a dry run, marks and cordons nodes, writes the entries as draining, evicts.
    RebootDrainStart {
        api_server: String,
        entries: Vec<RebootEntry>,
        policy: Reboot,
    },
    /// Deletes pods of daemon sets with the strategy `OnDelete`.
    RebootDeleteDaemonSetPods {
        api_server: String,
        entries: Vec<RebootEntry>,
        policy: Reboot,
    },
    /// Writes the entries as rebooting and runs the reboot command.
    RebootReboot {
        api_server: String,
        entries: Vec<RebootEntry>,
        policy: Reboot,
    },
    /// Puts entries back into the queue, with a back-off.
    RebootDrainTimeout { entries: Vec<RebootEntry> },
    /// Removes entries whose nodes have booted or are gone.
    RebootDequeue { entries: Vec<RebootEntry> },
    /// Removes entries that were cancelled.
    RebootCancel { entries: Vec<RebootEntry> },

    /// Cordons and drains the node of an entry.
    RepairDrainStart {
        api_server: String,
        entry: RepairEntry,
        policy: Repair,
    },
    /// Runs the repair command of the entry's step.
    RepairExecute { entry: RepairEntry, command: CommandLine },
    /// Ends an entry; runs the success command, where there is one.
    RepairFinish {
        entry: RepairEntry,
        succeeded: bool,
        command: Option<CommandLine>,
    },
    /// Gives up a drain, with a back-off.
    RepairDrainTimeout { entry: RepairEntry },
    /// Removes an entry.
    RepairDequeue { entry: RepairEntry },

    /// Stores the version of the configuration.
    SetConfigVersion { version: String },
}

impl Action {
    /// The nodes that it is done on; none where it changes more than what runs and lies on these nodes.
    #[must_use]
    pub fn only_nodes(&self) -> Option<Vec<&str>> {
        match self {
            Action::PullImage { nodes, .. }
            | Action::MakeDirs { nodes, .. }
            | Action::EmptyDir { nodes, .. }
            | Action::InstallCni { nodes, .. }
            | Action::StopContainer { nodes, .. }
            | Action::KillContainer { nodes, .. }
            | Action::CreateVolume { nodes, .. }
            | Action::RemoveVolume { nodes, .. }
            | Action::WaitKubelet { nodes } => Some(nodes.iter().map(String::as_str).collect()),
            Action::WriteFiles { nodes, .. } => Some(nodes.iter().map(|node| node.node.as_str()).collect()),
            Action::RunContainer(container) => Some(container.nodes.keys().map(String::as_str).collect()),
            _ => None,
        }
    }
}

/// Containers of one name to start on nodes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunContainer {
    /// Name of the container.
    pub name: String,
    /// Image.
    pub image: String,
    /// Where, with options of `docker run` and the built-in parameters there.
    pub nodes: BTreeMap<String, ContainerOnNode>,
    /// What operators added.
    pub extra: ServiceParams,
    /// Whether a container that runs is stopped and made anew.
    pub restart: bool,
}

/// What is special to one node.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ContainerOnNode {
    /// Options of `docker run`, like `--tmpfs=/tmp`.
    pub options: Vec<String>,
    /// Built-in arguments, mounts and environment.
    pub built_in: ServiceParams,
}

/// Files for one node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NodeFiles {
    /// Address.
    pub node: String,
    /// Files, in the order in which they are written.
    pub files: Vec<NodeFile>,
}

/// A file for a node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NodeFile {
    /// Path; without the ending for a [`Content::KeyPair`], which becomes `.crt` and `.key`.
    pub path: String,
    /// What it holds.
    pub content: Content,
}

/// What a file holds: the text itself, or where the text comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "fields say what they are")]
pub enum Content {
    /// This text.
    Text(String),
    /// The certificate of an authority.
    Ca(Authority),
    /// A new certificate and its key.
    KeyPair(Certificate),
    /// The stored certificate and key of service accounts.
    ServiceAccountKeyPair,
    /// The stored key of service accounts alone.
    ServiceAccountKey,
    /// A kubeconfig with a new certificate inside.
    Kubeconfig {
        cluster: String,
        user: String,
        server: String,
        certificate: Certificate,
    },
    /// How Secrets are encrypted in etcd, with the keys from Vault.
    EncryptionConfiguration,
}

/// A command for the boot server itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandLine {
    /// Program and arguments, the address already at the end.
    pub args: Vec<String>,
    /// Limit of one run, in seconds; none where 0.
    pub timeout_seconds: u64,
    /// Further runs after a failure.
    pub retries: u64,
    /// Pause between runs, in seconds.
    pub interval_seconds: u64,
}

/// What a Node object must have; everything else of it stays.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NodeAttributes {
    /// Name of the Node object.
    pub name: String,
    /// Labels, all of them.
    pub labels: BTreeMap<String, String>,
    /// Annotations, all of them.
    pub annotations: BTreeMap<String, String>,
    /// Taints, all of them.
    pub taints: Vec<Taint>,
}
