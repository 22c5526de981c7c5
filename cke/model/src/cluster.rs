//! The cluster that operators declare: nodes, options of every component, the policies of reboots and repairs.
//!
//! Stored as JSON under `cluster` (and as a template under `sabakan/template`), written by operators as YAML with the same names.
//! Lists and maps that Go keeps apart as `null` and empty are `Option`s: they are stored as they were given.

mod parse;
mod size;
mod validate;

pub use size::{DEFAULT_REQUEST_LIMIT, TooLarge, check_size};
pub use validate::{Invalid, Purpose};

use crate::kubernetes::{LabelSelector, Taint};
use crate::service::{Mount, ServiceParams};
use std::collections::BTreeMap;

record! {
    /// A desired cluster, or the template from which one is generated.
    pub struct Cluster {
        /// Name of the cluster, in certificates and kubeconfigs.
        "name" name: String,
        /// Nodes, in the order that container arguments list control planes.
        "nodes" nodes: Vec<Node>,
        /// Whether control planes get a taint of their own.
        "taint_control_plane" taint_control_plane: bool,
        /// Keys of taints that built-in workloads on control planes tolerate.
        "control_plane_tolerations" control_plane_tolerations: Option<Vec<String>>,
        /// CIDR of service addresses.
        "service_subnet" service_subnet: String,
        /// Upstream DNS servers of the cluster's resolver.
        "dns_servers" dns_servers: Option<Vec<String>>,
        /// `namespace/name` of the service that node resolvers ask instead of the servers, or empty.
        "dns_service" dns_service: String,
        /// How nodes are rebooted.
        "reboot" reboot: Reboot,
        /// How machines are repaired.
        "repair" repair: Repair,
        /// Sabakan integration.
        "sabakan" sabakan: SabakanOptions,
        /// Options of the components.
        "options" options: Options,
        /// REST mappings that need no discovery.
        "trusted_rest_mappings" (omitempty) trusted_rest_mappings: Vec<TrustedRestMapping>,
    }
}

record! {
    /// A node of the cluster.
    pub struct Node {
        /// IPv4 or IPv6 address, the node's identity. Empty in templates.
        "address" address: String,
        /// Name in Kubernetes; the address where empty.
        "hostname" hostname: String,
        /// User to log in as over SSH.
        "user" user: String,
        /// Whether the node runs etcd and the control plane.
        "control_plane" control_plane: bool,
        /// Annotations of the Node object.
        "annotations" annotations: Option<BTreeMap<String, String>>,
        /// Labels of the Node object.
        "labels" labels: Option<BTreeMap<String, String>>,
        /// Taints of the Node object.
        "taints" taints: Option<Vec<Taint>>,
    }
}

impl Cluster {
    /// The node with this address.
    #[must_use]
    pub fn node(&self, address: &str) -> Option<&Node> {
        self.nodes.iter().find(|n| n.address == address)
    }

    /// Control planes, in the order of the declaration.
    pub fn control_planes(&self) -> impl Iterator<Item = &Node> + Clone {
        self.nodes.iter().filter(|n| n.control_plane)
    }

    /// The other nodes, in the order of the declaration.
    pub fn workers(&self) -> impl Iterator<Item = &Node> + Clone {
        self.nodes.iter().filter(|n| !n.control_plane)
    }
}

impl Node {
    /// Name of the Node object: the host name, or else the address.
    #[must_use]
    pub fn nodename(&self) -> &str {
        if self.hostname.is_empty() {
            &self.address
        } else {
            &self.hostname
        }
    }
}

record! {
    /// Options of the components that run on nodes.
    pub struct Options {
        /// etcd.
        "etcd" etcd: EtcdParams,
        /// The proxy to the API servers on every node.
        "rivers" rivers: ServiceParams,
        /// The proxy to etcd on control planes.
        "etcd-rivers" etcd_rivers: ServiceParams,
        /// kube-apiserver.
        "kube-api" kube_api: ApiServerParams,
        /// kube-controller-manager.
        "kube-controller-manager" kube_controller_manager: ServiceParams,
        /// kube-scheduler.
        "kube-scheduler" kube_scheduler: SchedulerParams,
        /// kube-proxy.
        "kube-proxy" kube_proxy: ProxyParams,
        /// kubelet.
        "kubelet" kubelet: KubeletParams,
    }
}

/// The extra parameters inside a component's options, as [`ServiceParams`].
macro_rules! extra_params {
    ($($name:ident),*) => { $(
        impl $name {
            /// What operators add to the component's arguments, mounts and environment.
            #[must_use]
            pub fn extra_params(&self) -> ServiceParams {
                ServiceParams {
                    extra_args: self.extra_args.clone(),
                    extra_binds: self.extra_binds.clone(),
                    extra_env: self.extra_env.clone(),
                    ..ServiceParams::default()
                }
            }
        }
    )* };
}

record! {
    /// Options of etcd.
    pub struct EtcdParams {
        /// Additional arguments.
        "extra_args" extra_args: Option<Vec<String>>,
        /// Additional mounts.
        "extra_binds" extra_binds: Option<Vec<Mount>>,
        /// Additional environment.
        "extra_env" extra_env: Option<BTreeMap<String, String>>,
        /// docker volume of the data; `etcd-cke` where empty.
        "volume_name" volume_name: String,
    }
}

record! {
    /// Options of kube-apiserver.
    pub struct ApiServerParams {
        /// Additional arguments.
        "extra_args" extra_args: Option<Vec<String>>,
        /// Additional mounts.
        "extra_binds" extra_binds: Option<Vec<Mount>>,
        /// Additional environment.
        "extra_env" extra_env: Option<BTreeMap<String, String>>,
        /// Whether requests are logged for audits.
        "audit_log_enabled" audit_log_enabled: bool,
        /// YAML of the audit policy.
        "audit_log_policy" audit_log_policy: String,
        /// File of the audit log; standard output where empty.
        "audit_log_path" audit_log_path: String,
    }
}

record! {
    /// Options of kube-scheduler.
    pub struct SchedulerParams {
        /// Additional arguments.
        "extra_args" extra_args: Option<Vec<String>>,
        /// Additional mounts.
        "extra_binds" extra_binds: Option<Vec<Mount>>,
        /// Additional environment.
        "extra_env" extra_env: Option<BTreeMap<String, String>>,
        /// A `KubeSchedulerConfiguration` to merge over the defaults.
        "config" (omitempty) config: Option<serde_json::Value>,
    }
}

record! {
    /// Options of kube-proxy.
    pub struct ProxyParams {
        /// Additional arguments.
        "extra_args" extra_args: Option<Vec<String>>,
        /// Additional mounts.
        "extra_binds" extra_binds: Option<Vec<Mount>>,
        /// Additional environment.
        "extra_env" extra_env: Option<BTreeMap<String, String>>,
        /// Whether no kube-proxy runs at all.
        "disable" (omitempty) disable: bool,
        /// A `KubeProxyConfiguration` to merge over the defaults.
        "config" (omitempty) config: Option<serde_json::Value>,
    }
}

record! {
    /// Options of kubelet.
    pub struct KubeletParams {
        /// Additional arguments.
        "extra_args" extra_args: Option<Vec<String>>,
        /// Additional mounts.
        "extra_binds" extra_binds: Option<Vec<Mount>>,
        /// Additional environment.
        "extra_env" extra_env: Option<BTreeMap<String, String>>,
        /// Taints of a node that has just booted.
        "boot_taints" boot_taints: Option<Vec<Taint>>,
        /// A file for `/etc/cni/net.d`.
        "cni_conf_file" cni_conf_file: CniConfFile,
        /// A `KubeletConfiguration` to merge over the defaults.
        "config" (omitempty) config: Option<serde_json::Value>,
        /// URL of the container runtime's socket.
        "cri_endpoint" cri_endpoint: String,
        /// Whether changed options restart running kubelets.
        "in_place_update" in_place_update: bool,
    }
}

extra_params!(EtcdParams, ApiServerParams, SchedulerParams, ProxyParams, KubeletParams);

record! {
    /// A CNI configuration that is written to each node.
    pub struct CniConfFile {
        /// File name; none is written where empty.
        "name" name: String,
        /// Content, as it is.
        "content" content: String,
    }
}

record! {
    /// How nodes are rebooted. Times are in seconds.
    pub struct Reboot {
        /// Command to run on the boot server; addresses of nodes follow.
        "reboot_command" reboot_command: Option<Vec<String>>,
        /// Command that prints `true` when a node has booted since the time given.
        "boot_check_command" boot_check_command: Option<Vec<String>>,
        /// Nodes that reboot at once; 1 where missing.
        "max_concurrent_reboots" (omitempty) max_concurrent_reboots: Option<i64>,
        /// How long a drain may last; 600 where missing.
        "eviction_timeout_seconds" (omitempty) eviction_timeout_seconds: Option<i64>,
        /// Limit of one run of a command; none where missing.
        "command_timeout_seconds" (omitempty) command_timeout_seconds: Option<i64>,
        /// Further runs of a failed reboot command.
        "command_retries" command_retries: Option<i64>,
        /// Pause between such runs.
        "command_interval" command_interval: Option<i64>,
        /// Further evictions where one was refused.
        "evict_retries" evict_retries: Option<i64>,
        /// Pause between such evictions.
        "evict_interval" evict_interval: Option<i64>,
        /// Namespaces whose pods are never deleted against their budget.
        "protected_namespaces" (omitempty) protected_namespaces: Option<LabelSelector>,
        /// Pods of jobs that must end by themselves.
        "protected_job_pods" (omitempty) protected_job_pods: Option<LabelSelector>,
    }
}

record! {
    /// How machines are repaired. Times are in seconds.
    pub struct Repair {
        /// What to do, by type of machine.
        "repair_procedures" repair_procedures: Option<Vec<RepairProcedure>>,
        /// Machines under repair at once; 1 where missing.
        "max_concurrent_repairs" (omitempty) max_concurrent_repairs: Option<i64>,
        /// Namespaces whose pods are never deleted against their budget.
        "protected_namespaces" (omitempty) protected_namespaces: Option<LabelSelector>,
        /// Further evictions where one was refused.
        "evict_retries" (omitempty) evict_retries: Option<i64>,
        /// Pause between such evictions.
        "evict_interval" (omitempty) evict_interval: Option<i64>,
        /// How long a drain may last; 600 where missing.
        "eviction_timeout_seconds" (omitempty) eviction_timeout_seconds: Option<i64>,
        /// Pods of jobs that must end by themselves.
        "protected_job_pods" (omitempty) protected_job_pods: Option<LabelSelector>,
    }
}

record! {
    /// Repairs for some types of machines.
    pub struct RepairProcedure {
        /// Types, as sabakan names them.
        "machine_types" machine_types: Option<Vec<String>>,
        /// Repairs by name.
        "repair_operations" repair_operations: Option<Vec<RepairOperation>>,
    }
}

record! {
    /// One named repair.
    pub struct RepairOperation {
        /// Name; sabakan's state for automatic repairs.
        "operation" operation: String,
        /// Steps, tried in order until the machine is healthy.
        "repair_steps" repair_steps: Option<Vec<RepairStep>>,
        /// Command that prints `true` when the machine is healthy.
        "health_check_command" health_check_command: Option<Vec<String>>,
        /// Limit of the health check; 30 where missing.
        "command_timeout_seconds" (omitempty) command_timeout_seconds: Option<i64>,
        /// Command to run after a success.
        "success_command" (omitempty) success_command: Vec<String>,
        /// Limit of that command; 30 where missing.
        "success_command_timeout" (omitempty) success_command_timeout: Option<i64>,
    }
}

record! {
    /// One step of a repair.
    pub struct RepairStep {
        /// Command to run on the boot server; the machine's address follows.
        "repair_command" repair_command: Option<Vec<String>>,
        /// Limit of one run; 30 where missing.
        "command_timeout_seconds" (omitempty) command_timeout_seconds: Option<i64>,
        /// Further runs of a failed command.
        "command_retries" (omitempty) command_retries: Option<i64>,
        /// Pause between such runs.
        "command_interval" (omitempty) command_interval: Option<i64>,
        /// Whether the node is drained before the command.
        "need_drain" (omitempty) need_drain: bool,
        /// How long to wait for the machine to become healthy.
        "watch_seconds" (omitempty) watch_seconds: Option<i64>,
    }
}

record! {
    /// Options of sabakan integration.
    pub struct SabakanOptions {
        /// Key of the taint that keeps a spare node from becoming a control plane.
        "spare_node_taint_key" spare_node_taint_key: String,
    }
}

record! {
    /// A REST mapping known beforehand.
    pub struct TrustedRestMapping {
        /// API group.
        "group" group: String,
        /// API version.
        "version" version: String,
        /// Kind of the object.
        "kind" kind: String,
        /// Plural name in paths.
        "resource" resource: String,
        /// Whether objects lie in namespaces.
        "namespaced" namespaced: bool,
    }
}
