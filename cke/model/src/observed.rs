//! What was seen of a cluster: the input of every decision, and nothing that is not data.
//!
//! Observations are partial where they must be: a node that did not answer in time is `ssh_connected: false`, etcd and
//! Kubernetes may be unknown. Nothing here says what to do about it.

use crate::kubernetes::{KubeConfigMap, KubeEndpointSlice, KubeEndpoints, KubeNode, KubeService, ResourceStatus};
use crate::reboot::RebootEntry;
use crate::repair::RepairEntry;
use crate::service::ServiceParams;
use gojson::GoTime;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The state of a cluster at one time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Observed {
    /// The stored configuration version, "1" where there is none.
    pub config_version: String,
    /// By address; a node that is in the cluster and missing here was not looked at, and counts as not connected.
    pub nodes: BTreeMap<String, NodeStatus>,
    /// The cluster's etcd.
    pub etcd: EtcdClusterStatus,
    /// Kubernetes.
    pub kubernetes: KubernetesStatus,
    /// The reboot queue, and what was seen of its entries' nodes.
    pub reboots: RebootObservation,
    /// The repair queue, and what was seen of its entries' machines.
    pub repairs: RepairObservation,
}

/// A node, as its container engine and its health end points show it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NodeStatus {
    /// Whether commands can be run there.
    pub ssh_connected: bool,
    /// Why not, in words for a person.
    pub unreachable_because: Option<String>,
    /// How many seconds its clock is ahead of ours, beyond what the look took; less than 0: behind. None where it did not say.
    #[serde(default)]
    pub clock_ahead: Option<i64>,
    /// Container `etcd`.
    pub etcd: EtcdStatus,
    /// Container `rivers`.
    pub rivers: ServiceStatus,
    /// Container `etcd-rivers`.
    pub etcd_rivers: ServiceStatus,
    /// Container `kube-apiserver`.
    pub api_server: ComponentStatus,
    /// Container `kube-controller-manager`.
    pub controller_manager: ComponentStatus,
    /// Container `kube-scheduler`.
    pub scheduler: ComponentStatus,
    /// Container `kube-proxy`.
    pub proxy: ComponentStatus,
    /// Container `kubelet`.
    pub kubelet: ComponentStatus,
}

/// A container of a component.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ServiceStatus {
    /// Whether it runs now.
    pub running: bool,
    /// The image that it was made from.
    pub image: String,
    /// From its label.
    pub built_in: ServiceParams,
    /// From its label.
    pub extra: ServiceParams,
}

/// etcd on a node.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct EtcdStatus {
    /// The container.
    pub service: ServiceStatus,
    /// Whether the data volume exists.
    pub has_data: bool,
    /// Whether the volume that marks a completed addition exists, beside the data.
    pub is_added_member: bool,
}

/// A component with a health end point and, for some, a configuration file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ComponentStatus {
    /// The container.
    pub service: ServiceStatus,
    /// Whether it says that it is healthy.
    pub healthy: bool,
    /// Why not, of one that runs, in words for a person.
    #[serde(default)]
    pub unhealthy_because: Option<String>,
    /// Its configuration file as an object without `apiVersion` and `kind`; none where it is missing or does not parse.
    pub config: Option<serde_json::Value>,
}

/// The cluster's etcd.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct EtcdClusterStatus {
    /// Whether a linearizable read succeeded.
    pub healthy: bool,
    /// By the address in the member's peer URL.
    pub members: BTreeMap<String, EtcdMember>,
    /// Addresses of members that are in sync.
    pub in_sync: BTreeSet<String>,
    /// By address: why a member that runs does not serve, in words for a person.
    #[serde(default)]
    pub unhealthy_because: BTreeMap<String, String>,
}

/// A member of the cluster's etcd.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EtcdMember {
    /// Member ID.
    pub id: u64,
    /// Name; empty until it has started once.
    pub name: String,
    /// Peer URLs.
    pub peer_urls: Vec<String>,
    /// Client URLs; empty until it has started once.
    pub client_urls: Vec<String>,
    /// Whether it is a learner.
    pub learner: bool,
}

/// Kubernetes, as a healthy API server shows it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct KubernetesStatus {
    /// Why nothing is known of it although an API server seems healthy; what follows is then empty and means nothing.
    #[serde(default)]
    pub unknown_because: Option<String>,
    /// Whether the API answers and the service account `default` of `kube-system` exists.
    pub control_plane_ready: bool,
    /// All Node objects.
    pub nodes: Vec<KubeNode>,
    /// The service of [`crate::cluster::Cluster::dns_service`].
    pub dns_service: Option<KubeService>,
    /// ConfigMap of the cluster's resolver.
    pub cluster_dns_config: Option<KubeConfigMap>,
    /// Address of the cluster's resolver, where its service exists.
    pub cluster_dns_ip: String,
    /// ConfigMap of the nodes' resolvers.
    pub node_dns_config: Option<KubeConfigMap>,
    /// Endpoints `default/kubernetes`.
    pub master_endpoints: Option<KubeEndpoints>,
    /// EndpointSlice `default/kubernetes`.
    pub master_endpoint_slice: Option<KubeEndpointSlice>,
    /// Service `kube-system/cke-etcd`.
    pub etcd_service: Option<KubeService>,
    /// Endpoints `kube-system/cke-etcd`.
    pub etcd_endpoints: Option<KubeEndpoints>,
    /// EndpointSlice `kube-system/cke-etcd`.
    pub etcd_endpoint_slice: Option<KubeEndpointSlice>,
    /// By resource key; objects that do not exist are missing.
    pub resources: BTreeMap<String, ResourceStatus>,
}

/// The reboot queue and what was seen of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RebootObservation {
    /// Whether the queue is worked on.
    pub enabled: bool,
    /// All entries, by index.
    pub entries: Vec<RebootEntry>,
    /// Since when an entry is known to be as it is, by index: for entries that do not say when they changed, as new ones.
    #[serde(default)]
    pub seen_since: BTreeMap<i64, GoTime>,
    /// Of entries that drain: indices whose nodes hold no pod any more that must go, and no volume in use.
    pub drained: BTreeSet<i64>,
    /// Of entries that reboot: indices whose boot check said `true`.
    pub booted: BTreeSet<i64>,
}

/// The repair queue and what was seen of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RepairObservation {
    /// Whether the queue is worked on.
    pub enabled: bool,
    /// All entries, by index.
    pub entries: Vec<RepairEntry>,
    /// Since when an entry is known to be as it is, by index: for entries that do not say when they changed, as new ones.
    #[serde(default)]
    pub seen_since: BTreeMap<i64, GoTime>,
    /// Addresses whose health check said `true`.
    pub healthy: BTreeSet<String>,
    /// Addresses whose nodes are drained.
    pub drained: BTreeSet<String>,
}
