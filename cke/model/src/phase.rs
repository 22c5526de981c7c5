//! What the leader is at, in one word: stored under `status` and shown as a metric.

use serde::{Deserialize, Serialize};

/// The phase of the last decision, in the order in which decisions are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(
    missing_docs,
    reason = "the names are the documentation: docs/cke/design.md says what each does"
)]
pub enum Phase {
    UpgradeAborted,
    Upgrade,
    Rivers,
    EtcdBootAborted,
    EtcdBoot,
    EtcdStart,
    EtcdWait,
    K8sStart,
    EtcdMaintain,
    K8sMaintain,
    StopControlPlane,
    RepairMachines,
    UncordonNodes,
    RebootNodes,
    Completed,
}

impl Phase {
    /// All phases, in the order in which decisions are made.
    pub const ALL: [Self; 15] = [
        Self::UpgradeAborted,
        Self::Upgrade,
        Self::Rivers,
        Self::EtcdBootAborted,
        Self::EtcdBoot,
        Self::EtcdStart,
        Self::EtcdWait,
        Self::K8sStart,
        Self::EtcdMaintain,
        Self::K8sMaintain,
        Self::StopControlPlane,
        Self::RepairMachines,
        Self::UncordonNodes,
        Self::RebootNodes,
        Self::Completed,
    ];

    /// The word that is stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UpgradeAborted => "upgrade-aborted",
            Self::Upgrade => "upgrade",
            Self::Rivers => "rivers",
            Self::EtcdBootAborted => "etcd-boot-aborted",
            Self::EtcdBoot => "etcd-boot",
            Self::EtcdStart => "etcd-start",
            Self::EtcdWait => "etcd-wait",
            Self::K8sStart => "k8s-start",
            Self::EtcdMaintain => "etcd-maintain",
            Self::K8sMaintain => "k8s-maintain",
            Self::StopControlPlane => "stop-control-plane",
            Self::RepairMachines => "repair-machines",
            Self::UncordonNodes => "uncordon-nodes",
            Self::RebootNodes => "reboot-nodes",
            Self::Completed => "completed",
        }
    }
}

impl std::fmt::Display for Phase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
