//! The certificates of a cluster, as requests: who is to be certified by which authority. No key is in here.

use serde::{Deserialize, Serialize};

/// A certificate authority of the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Authority {
    /// Servers of etcd: `server`.
    Server,
    /// Peers of etcd: `etcd-peer`.
    EtcdPeer,
    /// Clients of etcd: `etcd-client`.
    EtcdClient,
    /// Kubernetes: `kubernetes`.
    Kubernetes,
    /// Clients of aggregated API servers: `kubernetes-aggregation`.
    KubernetesAggregation,
    /// Webhooks: `kubernetes-webhook`.
    KubernetesWebhook,
}

/// A certificate with its key that somebody needs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "node name, address and the like are what they say")]
pub enum Certificate {
    /// Server of etcd on a node.
    EtcdServer { nodename: String, address: String },
    /// Peer of etcd on a node.
    EtcdPeer { nodename: String, address: String },
    /// The API server as a client of etcd.
    EtcdForApiServer,
    /// The user `root` of etcd, for CKE itself.
    EtcdRoot,
    /// Any user of etcd.
    EtcdClient { user: String, ttl: String },
    /// Server of Kubernetes' API on a node.
    ApiServer {
        nodename: String,
        address: String,
        service_subnet: String,
        cluster_domain: String,
    },
    /// kube-scheduler.
    Scheduler,
    /// kube-controller-manager.
    ControllerManager,
    /// A kubelet, as server and client.
    Kubelet { nodename: String, address: String },
    /// kube-proxy.
    Proxy,
    /// The key that signs tokens of service accounts.
    ServiceAccount,
    /// The API server as a client of aggregated API servers.
    Aggregation,
    /// A person or program.
    User { user: String, group: String, ttl: String },
    /// A webhook's service.
    Webhook { namespace: String, service: String },
}
