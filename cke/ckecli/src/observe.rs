//! Looks at the cluster from here, as the leader does, and changes nothing: no host key is pinned, nothing is written.

use crate::connect::Connection;
use anyhow::Context;
use cke_etcd::{Access, endpoint_of};
use cke_kubernetes::{Identity, Kubernetes};
use cke_model::certificate::{Authority, Certificate};
use cke_model::observed::{EtcdClusterStatus, KubernetesStatus, NodeStatus, RebootObservation, RepairObservation};
use cke_model::{Cluster, Images, Observed};
use cke_node::{Credentials, Engine, HttpProbes, Options as EngineOptions, etcd_volume};
use cke_pki::Issuer;
use cke_storage::{Storage, World};
use jiff::Timestamp;
use neco_ssh::host_key::{Answer, HostKeyStore, Pinned};
use neco_ssh::{Fleet, Keys, Options};
use std::collections::BTreeMap;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Life of the certificate that is shown to API servers.
const TTL: &str = "1h";

/// Host keys as they are pinned; new ones are taken for this once.
struct PinnedKeys(Storage);

impl HostKeyStore for PinnedKeys {
    fn pinned<'a>(&'a self, address: &'a str) -> Answer<'a, Option<Pinned>> {
        Box::pin(async move {
            let stored = self.0.host_key(address).await?;
            Ok(stored.map(|stored| Pinned {
                key: stored.key,
                at: stored.at.instant(),
            }))
        })
    }

    fn pin<'a>(&'a self, _: &'a str, _: Pinned) -> Answer<'a, ()> {
        Box::pin(async { Ok(()) })
    }

    fn last_boot<'a>(&'a self, _: &'a str) -> Answer<'a, Option<Timestamp>> {
        Box::pin(async { Ok(None) })
    }
}

/// The cluster as it is now. What a queue's own commands would say (whether a node has booted, whether a machine is healthy) is not
/// asked.
pub(crate) async fn cluster(
    connection: &Connection,
    world: &World,
    cluster: &Cluster,
    images: &Images,
) -> anyhow::Result<Observed> {
    let issuer = connection
        .issuer()
        .await
        .context("nodes are looked at with keys from Vault")?;
    let identity = identity(&issuer).await?;
    let engine = engine(connection, &issuer, &identity).await?;
    let nodes = engine.observe(&cluster.nodes, etcd_volume(cluster)).await;
    Ok(Observed {
        config_version: world.config_version.clone(),
        etcd: etcd(&issuer, cluster, &nodes).await,
        kubernetes: kubernetes(&identity, world, cluster, images, &nodes).await,
        nodes,
        reboots: RebootObservation {
            enabled: world.reboot_queue_enabled,
            entries: world.reboots.clone(),
            ..RebootObservation::default()
        },
        repairs: RepairObservation {
            enabled: world.repair_queue_enabled,
            entries: world.repairs.clone(),
            ..RepairObservation::default()
        },
    })
}

/// An administrator's certificate for Kubernetes.
pub(crate) async fn identity(issuer: &Issuer) -> anyhow::Result<Identity> {
    let certificate = Certificate::User {
        user: "admin".to_owned(),
        group: "system:masters".to_owned(),
        ttl: TTL.to_owned(),
    };
    let pair = issuer.issue(&certificate).await?;
    Ok(Identity {
        ca_certificate: issuer.ca(Authority::Kubernetes).await?,
        certificate: pair.certificate,
        key: Zeroizing::new(pair.key.expose().to_owned()),
    })
}

/// The nodes' container engines, and what asks components for their health.
pub(crate) async fn engine(
    connection: &Connection,
    issuer: &Issuer,
    identity: &Identity,
) -> anyhow::Result<Engine<Fleet, HttpProbes>> {
    let probes = HttpProbes::new()?;
    probes.set_credentials(&Credentials {
        ca: identity.ca_certificate.clone(),
        certificate: identity.certificate.clone(),
        key: identity.key.clone(),
    })?;
    Ok(Engine::new(
        fleet(connection, issuer).await?,
        probes,
        EngineOptions::default(),
    ))
}

/// Connections to nodes, with the keys from Vault.
pub(crate) async fn fleet(connection: &Connection, issuer: &Issuer) -> anyhow::Result<Fleet> {
    let options = Options {
        policy: connection.settings()?.ssh_host_keys,
        ..Options::default()
    };
    let keys = issuer.ssh_keys().await?;
    let pinned = Arc::new(PinnedKeys(connection.storage().await?));
    Ok(Fleet::new(options, Keys::parse(keys.iter()), pinned))
}

/// The cluster's etcd. Before a member was completely added there is none to ask.
async fn etcd(issuer: &Issuer, cluster: &Cluster, nodes: &BTreeMap<String, NodeStatus>) -> EtcdClusterStatus {
    let runs = |address: &str| nodes.get(address).is_some_and(|node| node.etcd.service.running);
    let endpoints: Vec<_> = cluster
        .control_planes()
        .filter(|n| runs(&n.address))
        .map(|n| endpoint_of(&n.address))
        .collect();
    if endpoints.is_empty() || !nodes.values().any(|node| node.etcd.is_added_member) {
        return EtcdClusterStatus::default();
    }
    let status = async { Access::new(issuer.clone()).etcd(endpoints).await?.status().await };
    status.await.unwrap_or_default()
}

async fn kubernetes(
    identity: &Identity,
    world: &World,
    cluster: &Cluster,
    images: &Images,
    nodes: &BTreeMap<String, NodeStatus>,
) -> KubernetesStatus {
    let healthy = |address: &str| nodes.get(address).is_some_and(|node| node.api_server.healthy);
    let Some(api_server) = cluster.control_planes().find(|node| healthy(&node.address)) else {
        return KubernetesStatus::default();
    };
    let mut resources = cke_component::resources::built_in(images);
    resources.extend(world.resources.iter().cloned());
    let seen = async {
        Kubernetes::new(identity)?
            .observe(&api_server.address, cluster, &resources)
            .await
    };
    seen.await.unwrap_or_else(|error| KubernetesStatus {
        unknown_because: Some(format!("{:#}", anyhow::Error::from(error))),
        ..KubernetesStatus::default()
    })
}
