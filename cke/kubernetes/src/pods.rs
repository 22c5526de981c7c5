//! What happens to each pod of a node that is drained. Pure: facts in, fates out.

use crate::selector::Selector;
use k8s_openapi::api::core::v1::Pod;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

#[cfg(test)]
mod tests;

/// Annotation of pods that a kubelet made from a file.
const MIRROR: &str = "kubernetes.io/config.mirror";

/// What a drain needs to know of a pod.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PodFacts {
    /// `metadata.namespace`.
    pub namespace: String,
    /// `metadata.name`.
    pub name: String,
    /// `metadata.uid`, so that a pod made anew under the same name is not taken for this one.
    pub uid: String,
    /// `metadata.labels`.
    pub labels: BTreeMap<String, String>,
    /// `status.phase`.
    pub phase: String,
    /// Kind and uid of the controller that owns it.
    pub owner: Option<(String, String)>,
    /// Whether a kubelet made it from a file.
    pub mirror: bool,
    /// Whether it is being deleted already.
    pub terminating: bool,
}

impl PodFacts {
    /// The facts in a Pod object.
    #[must_use]
    pub fn of(pod: &Pod) -> PodFacts {
        let meta = &pod.metadata;
        let owner = meta
            .owner_references
            .iter()
            .flatten()
            .find(|o| o.controller == Some(true));
        PodFacts {
            namespace: meta.namespace.clone().unwrap_or_default(),
            name: meta.name.clone().unwrap_or_default(),
            uid: meta.uid.clone().unwrap_or_default(),
            labels: meta.labels.clone().unwrap_or_default(),
            phase: pod.status.as_ref().and_then(|s| s.phase.clone()).unwrap_or_default(),
            owner: owner.map(|o| (o.kind.clone(), o.uid.clone())),
            mirror: meta.annotations.iter().flatten().any(|(key, _)| key == MIRROR),
            terminating: meta.deletion_timestamp.is_some(),
        }
    }

    fn owned_by(&self, kind: &str) -> bool {
        self.owner.as_ref().is_some_and(|(k, _)| k == kind)
    }
}

impl fmt::Display for PodFacts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.namespace, self.name)
    }
}

/// Namespaces whose pods are never deleted against their disruption budget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Protected {
    /// Every namespace: no selector was configured, or an empty one.
    All,
    /// Those that the selector matched.
    These(BTreeSet<String>),
}

impl Protected {
    /// Whether it is one of them.
    #[must_use]
    pub fn contains(&self, namespace: &str) -> bool {
        match self {
            Protected::All => true,
            Protected::These(names) => names.contains(namespace),
        }
    }
}

/// By which pods are judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Protected namespaces.
    pub namespaces: Protected,
    /// Pods of jobs that must end by themselves.
    pub jobs: Selector,
}

/// What a drain does about a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It may stay: the node counts as drained with it.
    Stays(Stays),
    /// It is on its way out; nothing is to be done, but the node is not drained yet.
    Leaving,
    /// It is asked to go; where its budget refuses that, it stays.
    Evict,
    /// It is asked to go; where its budget refuses that, it is deleted.
    EvictOrDelete,
    /// It is deleted without asking: a job makes it anew elsewhere.
    Delete,
    /// It forbids the drain until it has ended.
    Forbids,
}

/// Why a pod may stay on a drained node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stays {
    /// A daemon set would put it back.
    DaemonSet,
    /// A job's pod that has not started, or has ended.
    IdleJob,
    /// It is made from a file of the node: nobody can evict it. (The original waits for it for ever.)
    Mirror,
}

/// Why this pod may stay, where it may.
#[must_use]
pub fn stays(pod: &PodFacts) -> Option<Stays> {
    if pod.mirror {
        return Some(Stays::Mirror);
    }
    if pod.owned_by("DaemonSet") {
        return Some(Stays::DaemonSet);
    }
    let idle = matches!(pod.phase.as_str(), "Pending" | "Succeeded" | "Failed");
    (pod.owned_by("Job") && idle).then_some(Stays::IdleJob)
}

/// What a drain does about this pod.
#[must_use]
pub fn fate(pod: &PodFacts, rules: &Rules) -> Fate {
    if let Some(reason) = stays(pod) {
        return Fate::Stays(reason);
    }
    if pod.owned_by("Job") {
        return if rules.jobs.matches(&pod.labels) {
            Fate::Forbids
        } else {
            Fate::Delete
        };
    }
    if pod.terminating {
        return Fate::Leaving;
    }
    if rules.namespaces.contains(&pod.namespace) {
        Fate::Evict
    } else {
        Fate::EvictOrDelete
    }
}
