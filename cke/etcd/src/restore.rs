//! From a backup to a healthy cluster: an addition, as a plan of steps that can be printed before anything is done.
//!
//! Every control-plane node makes its member anew from the same file. API servers are stopped before, so that nothing is
//! written to what is about to be replaced, and start again in the ordinary way afterwards, as everything that CKE finds
//! missing. Users and rights are in the backup. `etcdutl`, which makes a member from a backup, is in etcd's image.

#[cfg(test)]
mod tests;

use cke_model::names::container;
use cke_model::{Action, Cluster, Node};
use serde::{Deserialize, Serialize};

use crate::members::{endpoint_of, peer_url_of};

/// Where the data lies inside of the container.
const DATA: &str = "/var/lib/etcd";
/// Where the backup is seen inside of the container.
const BACKUP: &str = "/backup/snapshot.db";
/// The volume that marks a member whose addition was completed.
const MARK: &str = "etcd-added-member";
const TOKEN: &str = "cke";
/// The volume where the cluster names none.
const DEFAULT_VOLUME: &str = "etcd-cke";

/// A step of the way back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RestoreStep {
    /// A step as operations have them.
    Act(Box<Action>),
    /// The backup is copied to a node: the file of that path, mode 0600, owned by the image's user.
    CopyBackup {
        /// Address.
        node: String,
        /// Path on the node.
        path: String,
    },
    /// A program of etcd's image runs once in a container of its own, with the data volume and the backup, without a network.
    RunTool(RunTool),
    /// etcd starts in the ordinary way, as a member that has its data: `--initial-*` no longer matter.
    StartEtcd {
        /// Addresses.
        nodes: Vec<String>,
    },
    /// The copied backup is removed from a node.
    RemoveBackup {
        /// Address.
        node: String,
        /// Path on the node.
        path: String,
    },
}

/// A program to run once on a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunTool {
    /// Address.
    pub node: String,
    /// The image that holds it.
    pub image: String,
    /// Options of `docker run`.
    pub options: Vec<String>,
    /// Program and arguments.
    pub command: Vec<String>,
}

/// The whole way back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RestorePlan {
    /// The steps, in order.
    pub steps: Vec<RestoreStep>,
}

/// Why there is no way back.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum RestoreError {
    /// Nobody would run etcd.
    #[error("the cluster has no control-plane node to restore etcd on")]
    NoControlPlane,
}

/// The steps for a cluster. `folder` is where the backup lies on nodes meanwhile, `image` is etcd's.
///
/// # Errors
/// [`RestoreError::NoControlPlane`].
pub fn plan(cluster: &Cluster, image: &str, folder: &str) -> Result<RestorePlan, RestoreError> {
    let nodes: Vec<&Node> = cluster.nodes.iter().filter(|n| n.control_plane).collect();
    if nodes.is_empty() {
        return Err(RestoreError::NoControlPlane);
    }
    let addresses: Vec<String> = nodes.iter().map(|n| n.address.clone()).collect();
    let path = format!("{folder}/snapshot.db");
    let place = Place {
        image,
        path: &path,
        volume: volume(cluster),
        addresses: &addresses,
    };
    Ok(RestorePlan {
        steps: [place.copy(), place.stop(), place.make_anew(), place.start()].concat(),
    })
}

fn volume(cluster: &Cluster) -> &str {
    match cluster.options.etcd.volume_name.as_str() {
        "" => DEFAULT_VOLUME,
        name => name,
    }
}

struct Place<'a> {
    image: &'a str,
    path: &'a str,
    volume: &'a str,
    addresses: &'a [String],
}

impl Place<'_> {
    /// While the cluster still runs: a backup that cannot be copied changes nothing.
    fn copy(&self) -> Vec<RestoreStep> {
        let pull = act(Action::PullImage {
            nodes: self.addresses.to_vec(),
            image: self.image.to_owned(),
        });
        let copies = self.each(|node| RestoreStep::CopyBackup {
            node,
            path: self.path.to_owned(),
        });
        [vec![pull], copies].concat()
    }

    fn stop(&self) -> Vec<RestoreStep> {
        let stop = |name: &str| {
            act(Action::StopContainer {
                nodes: self.addresses.to_vec(),
                name: name.to_owned(),
            })
        };
        vec![stop(container::API_SERVER), stop(container::ETCD)]
    }

    fn make_anew(&self) -> Vec<RestoreStep> {
        let nodes = || self.addresses.to_vec();
        let name = || self.volume.to_owned();
        let mut steps = vec![
            act(Action::RemoveVolume {
                nodes: nodes(),
                name: name(),
            }),
            act(Action::CreateVolume {
                nodes: nodes(),
                name: name(),
            }),
        ];
        steps.extend(self.each(|node| RestoreStep::RunTool(self.tool(node))));
        steps
    }

    fn start(&self) -> Vec<RestoreStep> {
        let nodes = self.addresses.to_vec();
        let endpoints = nodes.iter().map(|a| endpoint_of(a)).collect();
        let mut steps = vec![
            RestoreStep::StartEtcd { nodes: nodes.clone() },
            act(Action::EtcdWaitSync {
                endpoints,
                redundant: false,
            }),
            act(Action::CreateVolume {
                nodes,
                name: MARK.to_owned(),
            }),
        ];
        steps.extend(self.each(|node| RestoreStep::RemoveBackup {
            node,
            path: self.path.to_owned(),
        }));
        steps
    }

    fn tool(&self, node: String) -> RunTool {
        RunTool {
            image: self.image.to_owned(),
            options: vec![
                "--rm".to_owned(),
                "--network=none".to_owned(),
                "--entrypoint=etcdutl".to_owned(),
                format!("--mount=type=volume,src={},dst={DATA}", self.volume),
                format!("--mount=type=bind,src={},dst={BACKUP},readonly", self.path),
            ],
            command: restore_arguments(&node, self.addresses, BACKUP, DATA),
            node,
        }
    }

    fn each(&self, step: impl Fn(String) -> RestoreStep) -> Vec<RestoreStep> {
        self.addresses.iter().cloned().map(step).collect()
    }
}

fn act(action: Action) -> RestoreStep {
    RestoreStep::Act(Box::new(action))
}

/// The arguments of `etcdutl` that make the member of a node.
///
/// The revision is raised, and what is older is marked as compacted, so that watchers of the lost future start anew instead
/// of believing that they are up to date.
fn restore_arguments(node: &str, all: &[String], backup: &str, data: &str) -> Vec<String> {
    let members: Vec<String> = all.iter().map(|a| format!("{a}={}", peer_url_of(a))).collect();
    vec![
        "snapshot".to_owned(),
        "restore".to_owned(),
        backup.to_owned(),
        format!("--name={node}"),
        format!("--initial-cluster={}", members.join(",")),
        format!("--initial-cluster-token={TOKEN}"),
        format!("--initial-advertise-peer-urls={}", peer_url_of(node)),
        format!("--data-dir={data}"),
        "--bump-revision=1000000000".to_owned(),
        "--mark-compacted".to_owned(),
    ]
}
