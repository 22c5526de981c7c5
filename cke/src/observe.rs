//! Looks at the cluster: nodes, its etcd, Kubernetes, and what the queues wait for. It changes nothing and decides nothing.
//!
//! What cannot be seen is missing from the result, with the reason, and costs the rest nothing.

mod queues;
mod recent;
mod since;

pub(crate) use recent::Recent;
pub(crate) use since::Since;

use crate::hands::Hands;
use cke_etcd::endpoint_of;
use cke_model::observed::{EtcdClusterStatus, KubernetesStatus, NodeStatus};
use cke_model::{Cluster, Images, Observed};
use cke_storage::World;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The cluster as it is now.
///
/// Between batches of a rolling change only control planes are looked at, and nodes that something was done to: see [`Recent`].
pub(crate) async fn cluster(
    hands: &mut Hands,
    world: &World,
    cluster: &Cluster,
    images: &Images,
    interval: Duration,
) -> Observed {
    hands.host_keys.saw_reboots(&world.reboots);
    let due = hands.recent.due(cluster, Instant::now(), interval);
    let looked = hands.engine.observe(due, cke_node::etcd_volume(cluster)).await;
    let nodes = hands.recent.complete(looked, cluster);
    let hands = &*hands;
    let etcd = etcd(hands, cluster, &nodes).await;
    let api_server = api_server(cluster, &nodes);
    let (kubernetes, reboots, repairs) = tokio::join!(
        kubernetes(hands, world, cluster, images, api_server),
        queues::reboots(hands, world, cluster, api_server),
        queues::repairs(hands, world, cluster, api_server),
    );
    Observed {
        config_version: world.config_version.clone(),
        nodes,
        etcd,
        kubernetes,
        reboots,
        repairs,
    }
}

/// The cluster's etcd. Before a member was completely added there is none to ask.
async fn etcd(hands: &Hands, cluster: &Cluster, nodes: &BTreeMap<String, NodeStatus>) -> EtcdClusterStatus {
    let control_planes = cluster.control_planes().filter(|node| {
        let status = nodes.get(&node.address);
        status.is_some_and(|status| status.etcd.service.running)
    });
    let endpoints: Vec<String> = control_planes.map(|node| endpoint_of(&node.address)).collect();
    let begun = nodes.values().any(|status| status.etcd.is_added_member);
    if !begun || endpoints.is_empty() {
        return EtcdClusterStatus::default();
    }
    let status = async { Ok::<_, crate::hands::NotReady>(hands.etcd(endpoints).await?.status().await?) };
    match status.await {
        Ok(status) => status,
        Err(error) => {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the cluster's etcd cannot be looked at"
            );
            EtcdClusterStatus::default()
        }
    }
}

/// An API server to ask: a healthy one, else one that runs.
fn api_server<'a>(cluster: &'a Cluster, nodes: &BTreeMap<String, NodeStatus>) -> Option<&'a str> {
    let status = |address: &str| nodes.get(address).map(|status| &status.api_server);
    let healthy = |address: &str| status(address).is_some_and(|api| api.healthy);
    let running = |address: &str| status(address).is_some_and(|api| api.service.running);
    let control_planes = || cluster.control_planes().map(|node| node.address.as_str());
    control_planes()
        .find(|a| healthy(a))
        .or_else(|| control_planes().find(|a| running(a)))
}

async fn kubernetes(
    hands: &Hands,
    world: &World,
    cluster: &Cluster,
    images: &Images,
    api_server: Option<&str>,
) -> KubernetesStatus {
    let Some(api_server) = api_server else {
        return KubernetesStatus::default();
    };
    let mut resources = cke_component::resources::built_in(images);
    resources.extend(world.resources.iter().cloned());
    let status =
        async { Ok::<_, crate::hands::NotReady>(hands.kubernetes()?.observe(api_server, cluster, &resources).await?) };
    match status.await {
        Ok(status) => status,
        Err(error) => {
            tracing::warn!(
                api_server,
                error = &error as &dyn std::error::Error,
                "Kubernetes cannot be looked at"
            );
            KubernetesStatus {
                unknown_because: Some(format!("{:#}", anyhow::Error::from(error))),
                ..KubernetesStatus::default()
            }
        }
    }
}
