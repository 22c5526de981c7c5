//! Does what an action orders. Each is idempotent, reads again where somebody else was quicker, and takes what is already
//! so for done.

pub(crate) mod nodes;
mod objects;
mod resource;
mod wait;

use crate::client::Kubernetes;
use crate::error::Error;
use crate::webhook::WebhookCertificates;
use cke_model::{Action, Cluster};

/// What actions need beside themselves.
#[derive(Debug, Clone, Copy)]
pub struct ApplyContext<'a, W> {
    /// The cluster: it knows the names of the nodes that actions give as addresses.
    pub cluster: &'a Cluster,
    /// The authority for webhooks.
    pub certificates: &'a W,
}

/// The name of a Node object, for an address of the cluster or a name. (The original takes the address in queues of reboots,
/// and so cannot drain a node with a host name.)
#[must_use]
pub fn node_name<'n>(cluster: &'n Cluster, address: &'n str) -> &'n str {
    let node = cluster.nodes.iter().find(|n| n.address == address);
    node.map_or(address, |n| n.nodename())
}

impl Kubernetes {
    /// Does one `Kube*` action.
    ///
    /// # Errors
    /// Where the API server refuses or does not answer; [`Error::WrongAction`] for any other action.
    pub async fn apply<W: WebhookCertificates>(
        &self,
        action: &Action,
        context: ApplyContext<'_, W>,
    ) -> Result<(), Error> {
        match action {
            Action::KubeWait { api_server } => wait::until_ready(&self.client(api_server)?).await,
            Action::KubeRetaint {
                api_server,
                nodes,
                taints,
            } => {
                let server = self.client(api_server)?;
                nodes::each(nodes, |node| {
                    nodes::retaint(&server, node_name(context.cluster, node), taints)
                })
                .await
            }
            Action::KubeUpdateNodes { api_server, nodes } => {
                let server = self.client(api_server)?;
                nodes::update(&server, context.cluster, nodes).await
            }
            Action::KubeRemoveNodes { api_server, names } => nodes::remove(&self.client(api_server)?, names).await,
            Action::KubeUncordon { api_server, nodes } => {
                let server = self.client(api_server)?;
                nodes::each(nodes, |node| nodes::unmark(&server, node_name(context.cluster, node))).await
            }
            Action::KubeApply {
                api_server,
                resource,
                force_conflicts,
                trusted_mappings,
            } => {
                let order = resource::Order {
                    resource,
                    force: *force_conflicts,
                    trusted: trusted_mappings,
                };
                resource::apply(&self.client(api_server)?, order, context.certificates).await
            }
            other => self.put(other).await,
        }
    }

    async fn put(&self, action: &Action) -> Result<(), Error> {
        match action {
            Action::KubePutEndpoints {
                api_server,
                create,
                endpoints,
            } => objects::put_endpoints(&self.client(api_server)?, *create, endpoints).await,
            Action::KubePutEndpointSlice {
                api_server,
                create,
                slice,
            } => objects::put_endpoint_slice(&self.client(api_server)?, *create, slice).await,
            Action::KubePutEtcdService { api_server, create } => {
                objects::put_etcd_service(&self.client(api_server)?, *create).await
            }
            Action::KubePutConfigMap {
                api_server,
                create,
                config_map,
            } => objects::put_config_map(&self.client(api_server)?, *create, config_map).await,
            other => Err(Error::WrongAction { action: name(other) }),
        }
    }
}

/// The name of an action, as in a printed plan.
fn name(action: &Action) -> String {
    let value = serde_json::to_value(action).unwrap_or_default();
    value
        .get("do")
        .and_then(serde_json::Value::as_str)
        .unwrap_or_default()
        .to_owned()
}
