//! The container images that components are run from.

use serde::{Deserialize, Serialize};

/// Names of images, with tags and, where an operator wants them held, digests (`name:tag@sha256:...`).
///
/// A container whose image string differs from the one here is made anew: on a takeover the names must stay those of the
/// version that built the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Images {
    /// etcd.
    pub etcd: String,
    /// Every program of Kubernetes.
    pub kubernetes: String,
    /// CKE's own tools: rivers, installers of files and of CNI plugins.
    pub tools: String,
    /// The container that holds a pod's namespaces.
    pub pause: String,
    /// CoreDNS, the cluster's resolver.
    pub coredns: String,
    /// unbound, the resolver of each node.
    pub unbound: String,
    /// Metrics of unbound.
    pub unbound_exporter: String,
}

impl Default for Images {
    /// The images of CKE 1.35.4.
    fn default() -> Self {
        Self {
            etcd: "ghcr.io/cybozu/etcd:3.6.11.1".to_owned(),
            kubernetes: "ghcr.io/cybozu/kubernetes:1.35.5.1".to_owned(),
            tools: "ghcr.io/cybozu-go/cke-tools:1.35.0".to_owned(),
            pause: "ghcr.io/cybozu/pause:3.10.1.5".to_owned(),
            coredns: "ghcr.io/cybozu/coredns:1.14.2.1".to_owned(),
            unbound: "ghcr.io/cybozu/unbound:1.25.1.1".to_owned(),
            unbound_exporter: "ghcr.io/cybozu/unbound_exporter:0.5.0.4".to_owned(),
        }
    }
}

impl Images {
    /// All images, in the order in which `ckecli images` lists them.
    #[must_use]
    pub fn all(&self) -> [&str; 7] {
        [
            &self.etcd,
            &self.tools,
            &self.kubernetes,
            &self.pause,
            &self.coredns,
            &self.unbound,
            &self.unbound_exporter,
        ]
    }
}
