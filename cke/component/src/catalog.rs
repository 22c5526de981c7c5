//! Every operation, with the phase in which it is decided, and its steps. The table in `docs/cke/design.md` is made from it,
//! and tests hold every constructor against it.

use cke_model::Phase;

/// An operation, as the history shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The phase that decides it.
    pub phase: Phase,
    /// Name.
    pub name: &'static str,
    /// Names of all steps that it can have, in order.
    pub steps: &'static [&'static str],
    /// What it is for.
    pub purpose: &'static str,
}

const fn entry(phase: Phase, name: &'static str, steps: &'static [&'static str], purpose: &'static str) -> Entry {
    Entry {
        phase,
        name,
        steps,
        purpose,
    }
}

const START: &[&str] = &["image-pull", "run-container"];
const WRITE_AND_START: &[&str] = &["image-pull", "make-files", "run-container"];
const STOP: &[&str] = &["kill-containers"];
const VERSION: &str = "upgrade-version-from-1-to-2";

/// The catalog, in the order in which phases are asked.
pub const OPERATIONS: &[Entry] = &[
    entry(
        Phase::Upgrade,
        "upgrade",
        &[VERSION, VERSION],
        "change what an older version left behind",
    ),
    entry(
        Phase::Rivers,
        "rivers-bootstrap",
        START,
        "start the proxy to the API servers",
    ),
    entry(Phase::Rivers, "rivers-restart", START, "replace it"),
    entry(Phase::Rivers, "etcd-rivers-bootstrap", START, "start the proxy to etcd"),
    entry(Phase::Rivers, "etcd-rivers-restart", START, "replace it"),
    entry(
        Phase::EtcdBoot,
        "etcd-bootstrap",
        &[
            "image-pull",
            "make-files",
            "volume-create",
            "run-container",
            "wait-etcd-sync",
            "setup-etcd-auth",
            "volume-create",
        ],
        "make a new cluster of etcd",
    ),
    entry(
        Phase::EtcdStart,
        "etcd-start",
        &["make-files", "run-container", "wait-etcd-sync"],
        "start members that are stopped",
    ),
    entry(
        Phase::EtcdWait,
        "etcd-wait-cluster",
        &["wait-etcd-sync"],
        "wait until etcd takes writes",
    ),
    entry(
        Phase::K8sStart,
        "kube-apiserver-restart",
        &[
            "image-pull",
            "make-dirs",
            "make-files",
            "stop-container",
            "run-container",
        ],
        "start API servers, or replace one",
    ),
    entry(
        Phase::K8sStart,
        "create-kubernetes-endpoints",
        &["createEndpointsCommand"],
        "show where the API servers answer",
    ),
    entry(
        Phase::K8sStart,
        "update-kubernetes-endpoints",
        &["updateEndpointsCommand"],
        "follow API servers that come and go",
    ),
    entry(
        Phase::K8sStart,
        "create-kubernetes-endpointslice",
        &["createEndpointSliceCommand"],
        "the same as a slice",
    ),
    entry(
        Phase::K8sStart,
        "update-kubernetes-endpointslice",
        &["updateEndpointSliceCommand"],
        "the same as a slice",
    ),
    entry(
        Phase::K8sStart,
        "kube-controller-manager-bootstrap",
        WRITE_AND_START,
        "start the controller manager",
    ),
    entry(Phase::K8sStart, "kube-controller-manager-restart", START, "replace it"),
    entry(
        Phase::K8sStart,
        "kube-scheduler-bootstrap",
        WRITE_AND_START,
        "start the scheduler",
    ),
    entry(
        Phase::K8sStart,
        "kube-scheduler-restart",
        WRITE_AND_START,
        "replace it, with its files",
    ),
    entry(
        Phase::K8sStart,
        "kubelet-bootstrap",
        &[
            "image-pull",
            "empty-dir",
            "make-dirs",
            "make-files",
            "install-cni",
            "retaint-before-kubelet-boot",
            "run-container",
            "wait-for-kubelet-ready",
        ],
        "prepare nodes and start kubelet",
    ),
    entry(
        Phase::K8sStart,
        "kubelet-restart",
        &["image-pull", "make-files", "run-container", "wait-for-kubelet-ready"],
        "replace it, with its files",
    ),
    entry(
        Phase::K8sStart,
        "kube-proxy-bootstrap",
        WRITE_AND_START,
        "start kube-proxy",
    ),
    entry(
        Phase::K8sStart,
        "kube-proxy-restart",
        WRITE_AND_START,
        "replace it, with its files",
    ),
    entry(
        Phase::K8sStart,
        "stop-kube-proxy",
        STOP,
        "remove it where it is disabled",
    ),
    entry(
        Phase::EtcdMaintain,
        "etcd-remove-member",
        &["remove-etcd-member"],
        "remove members that are no nodes any more",
    ),
    entry(
        Phase::EtcdMaintain,
        "etcd-destroy-member",
        &[
            "volume-remove",
            "remove-etcd-member",
            "kill-containers",
            "volume-remove",
            "wait-etcd-sync",
        ],
        "remove members on nodes that are no control planes any more, and their data",
    ),
    entry(
        Phase::EtcdMaintain,
        "etcd-add-member",
        &[
            "image-pull",
            "stop-container",
            "volume-remove",
            "volume-remove",
            "volume-create",
            "make-files",
            "add-etcd-member",
            "wait-etcd-sync",
            "volume-create",
        ],
        "add a control plane to etcd",
    ),
    entry(
        Phase::EtcdMaintain,
        "etcd-mark-member",
        &["setup-etcd-auth", "volume-create"],
        "remember that members are complete",
    ),
    entry(
        Phase::EtcdMaintain,
        "etcd-restart",
        &["wait-etcd-sync", "image-pull", "stop-container", "run-container"],
        "replace one member",
    ),
    entry(
        Phase::K8sMaintain,
        "wait-kubernetes",
        &["waitKubeCommand"],
        "wait for the first objects",
    ),
    entry(
        Phase::K8sMaintain,
        "resource-apply",
        &["apply-resource"],
        "apply a resource of CKE or of a user",
    ),
    entry(
        Phase::K8sMaintain,
        "create-cluster-dns-configmap",
        &["createConfigMapCommand"],
        "configure CoreDNS",
    ),
    entry(
        Phase::K8sMaintain,
        "update-cluster-dns-configmap",
        &["updateConfigMapCommand"],
        "configure it anew",
    ),
    entry(
        Phase::K8sMaintain,
        "create-node-dns-configmap",
        &["createConfigMapCommand"],
        "configure unbound",
    ),
    entry(
        Phase::K8sMaintain,
        "update-node-dns-configmap",
        &["updateConfigMapCommand"],
        "configure it anew",
    ),
    entry(
        Phase::K8sMaintain,
        "create-etcd-service",
        &["createEtcdServiceCommand"],
        "make the service that keeps the endpoints of etcd alive",
    ),
    entry(
        Phase::K8sMaintain,
        "update-etcd-service",
        &["updateEtcdServiceCommand"],
        "put it right",
    ),
    entry(
        Phase::K8sMaintain,
        "create-cke-etcd-endpoints",
        &["createEndpointsCommand"],
        "show where etcd answers",
    ),
    entry(
        Phase::K8sMaintain,
        "update-cke-etcd-endpoints",
        &["updateEndpointsCommand"],
        "follow its members",
    ),
    entry(
        Phase::K8sMaintain,
        "create-cke-etcd-endpointslice",
        &["createEndpointSliceCommand"],
        "the same as a slice",
    ),
    entry(
        Phase::K8sMaintain,
        "update-cke-etcd-endpointslice",
        &["updateEndpointSliceCommand"],
        "the same as a slice",
    ),
    entry(
        Phase::K8sMaintain,
        "update-node",
        &["updateNode"],
        "set labels, annotations and taints",
    ),
    entry(
        Phase::K8sMaintain,
        "remove-node",
        &["removeNode"],
        "remove nodes that left the cluster",
    ),
    entry(
        Phase::StopControlPlane,
        "stop-kube-apiserver",
        STOP,
        "remove it from workers",
    ),
    entry(
        Phase::StopControlPlane,
        "stop-kube-controller-manager",
        STOP,
        "remove it from workers",
    ),
    entry(
        Phase::StopControlPlane,
        "stop-kube-scheduler",
        STOP,
        "remove it from workers",
    ),
    entry(Phase::StopControlPlane, "stop-etcd", STOP, "remove it from workers"),
    entry(
        Phase::StopControlPlane,
        "stop-etcd-rivers",
        STOP,
        "remove it from workers",
    ),
    entry(
        Phase::UncordonNodes,
        "reboot-uncordon",
        &["rebootUncordonCommand"],
        "let pods come back after a reboot or a repair",
    ),
    entry(
        Phase::RepairMachines,
        "repair-drain-start",
        &["repairDrainStartCommand"],
        "evict the pods of a machine under repair",
    ),
    entry(
        Phase::RepairMachines,
        "repair-drain-timeout",
        &["repairDrainTimeoutCommand"],
        "give up a drain, to try again later",
    ),
    entry(
        Phase::RepairMachines,
        "repair-execute",
        &["repairExecuteCommand"],
        "run the command of a step",
    ),
    entry(
        Phase::RepairMachines,
        "repair-finish",
        &["repairFinishCommand"],
        "end an entry",
    ),
    entry(
        Phase::RepairMachines,
        "repair-dequeue",
        &["repairDequeueCommand"],
        "remove a deleted entry",
    ),
    entry(
        Phase::RebootNodes,
        "reboot-cancel",
        &["rebootDequeueCommand"],
        "remove cancelled entries",
    ),
    entry(
        Phase::RebootNodes,
        "reboot-dequeue",
        &["rebootDequeueCommand"],
        "remove entries that are done",
    ),
    entry(
        Phase::RebootNodes,
        "reboot-give-up",
        &["rebootDequeueCommand"],
        "remove entries that failed too often",
    ),
    entry(
        Phase::RebootNodes,
        "reboot-drain-start",
        &["rebootDrainStartCommand"],
        "cordon nodes and evict their pods",
    ),
    entry(
        Phase::RebootNodes,
        "reboot-delete-daemonset-pod",
        &["rebootDeleteDaemonSetPodCommand"],
        "delete what only a deletion updates",
    ),
    entry(
        Phase::RebootNodes,
        "reboot-reboot",
        &["rebootRebootCommand"],
        "run the reboot command",
    ),
    entry(
        Phase::RebootNodes,
        "reboot-drain-timeout",
        &["rebootDrainTimeoutCommand"],
        "give up a drain, to try again later",
    ),
    entry(
        Phase::RebootNodes,
        "reboot-boot-timeout",
        &["rebootDrainTimeoutCommand"],
        "put entries back whose nodes have not booted",
    ),
];

/// The entry of an operation.
#[must_use]
pub fn find(name: &str) -> Option<&'static Entry> {
    OPERATIONS.iter().find(|entry| entry.name == name)
}
