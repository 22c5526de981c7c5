//! What the leader is at, in one word: stored under `status` and shown as a metric.

use serde::{Deserialize, Serialize};

/// The phase of the last decision, in the order in which decisions are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names are the documentation: docs/cke/design.md says what each does")]
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
