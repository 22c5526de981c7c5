//! What is left on nodes that are drained: the answer to whether they may be rebooted or repaired.

use super::pods_of;
use crate::client::ApiServer;
use crate::error::Error;
use crate::pods;
use futures::{StreamExt, stream};
use k8s_openapi::api::core::v1::Node;
use kube::Api;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Nodes that are looked at at once.
const CONCURRENT_NODES: usize = 16;

/// What keeps a node from being drained.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remaining {
    /// Pods that must go, as `namespace/name`.
    pub pods: Vec<String>,
    /// Volumes that the node says it uses.
    pub volumes: Vec<String>,
}

impl Remaining {
    /// Whether the node is drained: no pod that must go.
    #[must_use]
    pub fn has_no_pods(&self) -> bool {
        self.pods.is_empty()
    }

    /// Whether it may also be rebooted: no volume in use either.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pods.is_empty() && self.volumes.is_empty()
    }
}

/// What is left on nodes that are drained, by name. One node that cannot be read says nothing of the others.
///
/// The API server has an index of pods by node: asking for each of some nodes is cheaper than listing all pods, however
/// many nodes the cluster has.
pub async fn remaining(server: &ApiServer, nodes: &[String]) -> BTreeMap<String, Result<Remaining, Error>> {
    let reads = nodes
        .iter()
        .map(|node| async move { (node.clone(), remaining_on(server, node).await) });
    stream::iter(reads).buffer_unordered(CONCURRENT_NODES).collect().await
}

/// A node that is gone has nothing left on it.
async fn remaining_on(server: &ApiServer, node: &str) -> Result<Remaining, Error> {
    let api = Api::<Node>::all(server.raw());
    let request = format!("read the node {node}");
    let (pods, object) = futures::try_join!(pods_of(server, node), server.ask_for(request, api.get(node)))?;
    Ok(Remaining {
        pods: pods
            .iter()
            .filter(|pod| pods::stays(pod).is_none())
            .map(ToString::to_string)
            .collect(),
        volumes: object
            .and_then(|o| o.status)
            .and_then(|s| s.volumes_in_use)
            .unwrap_or_default(),
    })
}
