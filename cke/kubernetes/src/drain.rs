//! Empties nodes: marks and cordons them, tries evictions, evicts, and says what is still there.
//!
//! A reboot cordons its nodes ([`cordon`]), tries each ([`Drain::try_out`]), and then drains those without obstacles
//! ([`Drain::run`]); a repair tries first and cordons then, so that a machine that cannot be drained goes on working.
//! Whether a node is drained is asked later, once a loop, with [`remaining`]: for a reboot no volume may be in use either.
//!
//! Nodes are drained one after another; several at once could hold up each other's budgets. The pods of one node are tried
//! in rounds, so that one that is refused does not keep the others waiting.

mod evict;
mod policy;
mod remaining;
mod report;

use crate::apply::nodes;
use crate::client::ApiServer;
use crate::error::Error;
use crate::pods::{self, Fate, PodFacts, Protected, Rules};
use crate::selector::Selector;
use cke_model::kubernetes::LabelSelector;
use evict::{Eviction, delete, evict};
use k8s_openapi::api::apps::v1::DaemonSet;
use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::Api;
use kube::api::ListParams;
use std::collections::BTreeSet;
use std::time::Duration;

pub use policy::Policy;
pub use remaining::{Remaining, remaining};
pub use report::{Drained, Obstacle, Reason};

/// Drains nodes through one API server by the rules of one policy.
#[derive(Debug)]
pub struct Drain<'a> {
    server: &'a ApiServer,
    rules: Rules,
    retries: u32,
    interval: Duration,
}

impl<'a> Drain<'a> {
    /// Reads which namespaces are protected.
    ///
    /// # Errors
    /// Where a selector is wrong or the API server does not answer.
    pub async fn new(server: &'a ApiServer, policy: &Policy) -> Result<Drain<'a>, Error> {
        let namespaces = selector("protected_namespaces", policy.protected_namespaces.as_ref())?;
        let rules = Rules {
            jobs: selector("protected_job_pods", policy.protected_job_pods.as_ref())?,
            namespaces: protected(server, &namespaces).await?,
        };
        Ok(Drain {
            server,
            rules,
            retries: policy.retries,
            interval: policy.interval,
        })
    }

    /// Asks whether the node could be drained now, and changes nothing.
    ///
    /// Pods of namespaces that are not protected are not asked for: they are deleted in the end.
    ///
    /// # Errors
    /// Where the API server does not answer.
    pub async fn try_out(&self, node: &str) -> Result<Vec<Obstacle>, Error> {
        let mut obstacles = Vec::new();
        for pod in pods_of(self.server, node).await? {
            match pods::fate(&pod, &self.rules) {
                Fate::Forbids => obstacles.push(obstacle(&pod, Reason::ProtectedJob)),
                Fate::Evict => {
                    let answer = evict(self.server, &pod, true).await?;
                    obstacles.extend(refusal(&pod, answer));
                }
                Fate::Stays(_) | Fate::Leaving | Fate::EvictOrDelete | Fate::Delete => {}
            }
        }
        Ok(obstacles)
    }

    /// Evicts or deletes the pods of the node, and does not wait until they are gone.
    ///
    /// # Errors
    /// Where the API server does not answer.
    pub async fn run(&self, node: &str) -> Result<Drained, Error> {
        let mut drained = Drained::default();
        let mut left = pods_of(self.server, node).await?;
        for round in 0..=self.retries {
            if round > 0 {
                tokio::time::sleep(self.interval).await;
            }
            drained.obstacles.clear();
            let mut refused = Vec::new();
            for pod in left {
                if self.remove(&pod, &mut drained).await? {
                    refused.push(pod);
                }
            }
            left = refused;
            if left.is_empty() {
                break;
            }
        }
        Ok(drained)
    }

    /// Does to a pod what its fate says; whether to try again later.
    async fn remove(&self, pod: &PodFacts, drained: &mut Drained) -> Result<bool, Error> {
        match pods::fate(pod, &self.rules) {
            Fate::Stays(_) | Fate::Leaving => Ok(false),
            Fate::Forbids => {
                drained.obstacles.push(obstacle(pod, Reason::ProtectedJob));
                Ok(true)
            }
            Fate::Delete => {
                self.delete(pod, drained).await?;
                Ok(false)
            }
            Fate::Evict => self.evict(pod, false, drained).await,
            Fate::EvictOrDelete => self.evict(pod, true, drained).await,
        }
    }

    async fn evict(&self, pod: &PodFacts, or_delete: bool, drained: &mut Drained) -> Result<bool, Error> {
        match evict(self.server, pod, false).await? {
            Eviction::Done => {
                tracing::info!(pod = %pod, "evicted");
                drained.evicted.push(pod.to_string());
                Ok(false)
            }
            Eviction::Gone => Ok(false),
            Eviction::Budget(said) if or_delete => {
                tracing::warn!(pod = %pod, %said, "deleted against its budget: its namespace is not protected");
                self.delete(pod, drained).await?;
                Ok(false)
            }
            refused => {
                drained.obstacles.extend(refusal(pod, refused));
                Ok(true)
            }
        }
    }

    async fn delete(&self, pod: &PodFacts, drained: &mut Drained) -> Result<(), Error> {
        delete(self.server, pod).await?;
        tracing::info!(pod = %pod, "deleted");
        drained.deleted.push(pod.to_string());
        Ok(())
    }
}

/// Marks a node as being rebooted or repaired by CKE, and lets no new pod on it.
///
/// # Errors
/// Where the API server refuses, as for a node that does not exist.
pub async fn cordon(server: &ApiServer, node: &str) -> Result<(), Error> {
    nodes::mark(server, node, true).await
}

/// Deletes the pods of the node that belong to daemon sets with the strategy `OnDelete`; their names.
///
/// # Errors
/// Where the API server does not answer.
pub async fn delete_on_delete_pods(server: &ApiServer, node: &str) -> Result<Vec<String>, Error> {
    let api = Api::<DaemonSet>::all(server.raw());
    let sets = server.ask("list daemon sets", api.list(&ListParams::default())).await?;
    let uids: BTreeSet<String> = sets
        .items
        .into_iter()
        .filter(is_on_delete)
        .filter_map(|s| s.metadata.uid)
        .collect();
    if uids.is_empty() {
        return Ok(Vec::new());
    }
    let mut deleted = Vec::new();
    for pod in pods_of(server, node).await? {
        if pod.owner.as_ref().is_some_and(|(_, uid)| uids.contains(uid)) {
            delete(server, &pod).await?;
            tracing::info!(pod = %pod, node, "deleted: its daemon set waits for that");
            deleted.push(pod.to_string());
        }
    }
    Ok(deleted)
}

fn is_on_delete(set: &DaemonSet) -> bool {
    let strategy = set.spec.as_ref().and_then(|spec| spec.update_strategy.as_ref());
    strategy.and_then(|s| s.type_.as_deref()) == Some("OnDelete")
}

async fn pods_of(server: &ApiServer, node: &str) -> Result<Vec<PodFacts>, Error> {
    let parameters = ListParams::default().fields(&format!("spec.nodeName={node}"));
    let api = Api::<Pod>::all(server.raw());
    let list = server
        .ask(format!("list the pods of {node}"), api.list(&parameters))
        .await?;
    Ok(list.items.iter().map(PodFacts::of).collect())
}

async fn protected(server: &ApiServer, selector: &Selector) -> Result<Protected, Error> {
    if selector.is_everything() {
        return Ok(Protected::All);
    }
    let api = Api::<Namespace>::all(server.raw());
    let list = server
        .ask("list namespaces", api.list_metadata(&ListParams::default()))
        .await?;
    let matching = list
        .items
        .into_iter()
        .filter(|n| selector.matches(&n.metadata.labels.clone().unwrap_or_default()));
    Ok(Protected::These(matching.filter_map(|n| n.metadata.name).collect()))
}

fn selector(place: &'static str, given: Option<&LabelSelector>) -> Result<Selector, Error> {
    Selector::new(given).map_err(|source| Error::Selector { place, source })
}

fn obstacle(pod: &PodFacts, reason: Reason) -> Obstacle {
    Obstacle {
        namespace: pod.namespace.clone(),
        name: pod.name.clone(),
        reason,
    }
}

fn refusal(pod: &PodFacts, answer: Eviction) -> Option<Obstacle> {
    let reason = match answer {
        Eviction::Done | Eviction::Gone => return None,
        Eviction::Budget(said) => Reason::Budget(said),
        Eviction::Refused(said) => Reason::Refused(said),
    };
    Some(obstacle(pod, reason))
}
