//! Asks everything, and judges nothing. What fails is an answer as well, and keeps nothing else from being asked.

mod answer;
mod script;

use super::sight::{
    Answer, CertificateSight, ClusterSight, EtcdSight, LeaderSight, NodeSight, Sight, StorageSight, StoredSight,
    VaultSight,
};
use crate::connect::Connection;
use crate::observe;
use cke_etcd::{Access, ClusterEtcd, endpoint_of};
use cke_model::certificate::Authority;
use cke_model::cluster::Purpose;
use cke_model::{Cluster, Images, Node};
use cke_node::{Credentials, Endpoint, HttpProbes, Probes};
use cke_pki::Issuer;
use cke_storage::{Storage, World};
use futures::{StreamExt, stream};
use jiff::Timestamp;
use neco_ssh::{Fleet, NodeAddress, Runner};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How long a node may take.
const DEADLINE: Duration = Duration::from_secs(30);

/// Nodes that are asked at once.
const AT_ONCE: usize = 64;

fn words(error: impl Into<anyhow::Error>) -> String {
    format!("{:#}", error.into())
}

pub(super) async fn all(connection: &Connection, skip_cluster: bool) -> Sight {
    let stored = stored(connection).await;
    let issuer = match &stored {
        Ok(_) => Some(connection.issuer().await.map_err(words)),
        Err(_) => None,
    };
    let cluster = match (&stored, &issuer) {
        _ if skip_cluster => None,
        (Ok((_, world)), Some(Ok(issuer))) => built(connection, world, issuer).await,
        (Ok((_, world)), _) => world
            .cluster
            .as_ref()
            .map(|_| Err("without Vault there is no way to it".to_owned())),
        (Err(_), _) => None,
    };
    let vault = match issuer {
        Some(Ok(issuer)) => Some(Ok(vault(&issuer).await)),
        Some(Err(error)) => Some(Err(error)),
        None => None,
    };
    Sight {
        now: Timestamp::now(),
        storage: stored.map(|(sight, _)| sight),
        vault,
        cluster,
    }
}

async fn stored(connection: &Connection) -> Answer<(StorageSight, World)> {
    let storage = connection.storage().await.map_err(|error| format!("{error:#}"))?;
    let world = storage.world().await.map_err(words)?;
    let sight = StorageSight {
        leader: leader(&storage).await.map_err(words)?,
        stored: what_is_stored(&world),
    };
    Ok((sight, world))
}

async fn leader(storage: &Storage) -> Result<LeaderSight, cke_storage::StorageError> {
    let (status, progress) = (storage.status().await?, storage.progress().await?);
    Ok(LeaderSight {
        name: storage.leader().await?,
        status: status.map(|status| (status.phase, status.timestamp.instant())),
        step: progress.map(|at| (format!("{} of {}", at.name, at.operation), at.since.instant())),
    })
}

fn what_is_stored(world: &World) -> StoredSight {
    let unreadable = world.unreadable.iter();
    let cluster = world.cluster.as_ref().map(|stored| &stored.value);
    StoredSight {
        unreadable: unreadable
            .map(|value| (value.key.clone(), value.reason.clone()))
            .collect(),
        cluster: cluster.map(|cluster| {
            let valid = cluster.validate(Purpose::Cluster);
            valid.map(|()| cluster.nodes.len()).map_err(words)
        }),
        frozen: world.controls.frozen.clone(),
    }
}

async fn vault(issuer: &Issuer) -> VaultSight {
    let mut authorities = Vec::new();
    for authority in Authority::ALL {
        authorities.push((authority.as_str(), end_of(issuer, authority).await));
    }
    let keys = issuer.ssh_keys().await;
    VaultSight {
        url: issuer.vault().url().to_owned(),
        authorities,
        ssh_keys: Some(keys.map(|keys| !keys.is_empty()).map_err(words)),
        no_encryption_key: issuer.encryption_keys().await.err().map(words),
    }
}

async fn end_of(issuer: &Issuer, authority: Authority) -> Answer<Timestamp> {
    let pem = issuer.ca(authority).await.map_err(words)?;
    let seen = CertificateSight::of(authority.as_str(), &pem);
    Ok(seen.ok_or("what is stored is no certificate")?.ends)
}

/// What CKE built; none where nothing is declared.
async fn built(connection: &Connection, world: &World, issuer: &Issuer) -> Option<Answer<ClusterSight>> {
    let cluster = &world.cluster.as_ref()?.value;
    Some(match ready(connection, issuer).await {
        Ok((fleet, probes, images)) => {
            let (etcd, api_servers, nodes) = tokio::join!(
                etcd(issuer, cluster),
                api_servers(&probes, cluster),
                nodes(&fleet, cluster, &images)
            );
            Ok(ClusterSight {
                etcd,
                api_servers,
                nodes,
            })
        }
        Err(error) => Err(format!("{error:#}")),
    })
}

async fn ready(connection: &Connection, issuer: &Issuer) -> anyhow::Result<(Fleet, HttpProbes, Images)> {
    let identity = observe::identity(issuer).await?;
    let probes = HttpProbes::new()?;
    probes.set_credentials(&Credentials {
        ca: identity.ca_certificate,
        certificate: identity.certificate,
        key: identity.key,
    })?;
    let images = connection.settings()?.images;
    Ok((observe::fleet(connection, issuer).await?, probes, images))
}

async fn etcd(issuer: &Issuer, cluster: &Cluster) -> EtcdSight {
    let declared: Vec<_> = cluster.control_planes().map(|node| node.address.clone()).collect();
    let mut sight = EtcdSight {
        declared: declared.iter().cloned().collect(),
        ..EtcdSight::default()
    };
    let endpoints = declared.iter().map(|address| endpoint_of(address)).collect();
    let etcd = match Access::new(issuer.clone()).etcd(endpoints).await {
        Ok(etcd) => etcd,
        Err(error) => {
            sight.members = Some(Err(words(error)));
            return sight;
        }
    };
    let members = names(&etcd).await.map_err(words);
    let mut asked = sight.declared.clone();
    asked.extend(members.iter().flatten().cloned());
    sight.states = etcd.member_states(asked.iter().map(String::as_str)).await;
    sight.members = Some(members);
    sight
}

async fn names(etcd: &ClusterEtcd) -> Result<BTreeSet<String>, cke_etcd::Error> {
    let members = etcd.members().await?;
    members.iter().map(cke_etcd::member_name).collect()
}

async fn api_servers(probes: &HttpProbes, cluster: &Cluster) -> BTreeMap<String, Answer<()>> {
    let asked = cluster.control_planes().map(|node| async move {
        let answer = probes.probe(&node.address, Endpoint::ApiServer).await;
        (node.address.clone(), answer)
    });
    futures::future::join_all(asked).await.into_iter().collect()
}

async fn nodes(fleet: &Fleet, cluster: &Cluster, images: &Images) -> BTreeMap<String, Answer<NodeSight>> {
    let asked = cluster
        .nodes
        .iter()
        .map(|node| async move { (node.address.clone(), self::node(fleet, cluster, node, images).await) });
    stream::iter(asked).buffer_unordered(AT_ONCE).collect().await
}

async fn node(fleet: &Fleet, cluster: &Cluster, node: &Node, images: &Images) -> Answer<NodeSight> {
    let address = NodeAddress::new(&node.address, &node.user);
    let script = script::script(&script::images(node, images));
    let answer = fleet.run(&address, &script, None, DEADLINE).await;
    let answer = answer.map_err(|error| error.in_words())?;
    let text = String::from_utf8_lossy(&answer.stdout);
    Ok(answer::parse(
        &text,
        &script::containers(cluster, node),
        Timestamp::now(),
    ))
}
