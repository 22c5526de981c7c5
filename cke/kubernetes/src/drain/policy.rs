//! How a node is drained, as the cluster configures it for reboots and for repairs.

use cke_model::cluster::{Reboot, Repair};
use cke_model::kubernetes::LabelSelector;
use std::time::Duration;

/// How a node is drained.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Policy {
    /// Namespaces whose pods are never deleted against their budget; all of them where missing.
    pub protected_namespaces: Option<LabelSelector>,
    /// Pods of jobs that must end by themselves; all of them where missing.
    pub protected_job_pods: Option<LabelSelector>,
    /// Further evictions where one was refused.
    pub retries: u32,
    /// Pause before each of them.
    pub interval: Duration,
}

impl From<&Reboot> for Policy {
    fn from(reboot: &Reboot) -> Policy {
        Policy {
            protected_namespaces: reboot.protected_namespaces.clone(),
            protected_job_pods: reboot.protected_job_pods.clone(),
            retries: retries(reboot.evict_retries),
            interval: seconds(reboot.evict_interval),
        }
    }
}

impl From<&Repair> for Policy {
    fn from(repair: &Repair) -> Policy {
        Policy {
            protected_namespaces: repair.protected_namespaces.clone(),
            protected_job_pods: repair.protected_job_pods.clone(),
            retries: retries(repair.evict_retries),
            interval: seconds(repair.evict_interval),
        }
    }
}

fn retries(count: Option<i64>) -> u32 {
    u32::try_from(count.unwrap_or_default()).unwrap_or_default()
}

fn seconds(count: Option<i64>) -> Duration {
    Duration::from_secs(u64::try_from(count.unwrap_or_default()).unwrap_or_default())
}
