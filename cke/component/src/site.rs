//! A cluster as it is declared, with what components derive from it, made once for a decision over thousands of nodes.

use cke_model::{Cluster, Images, Node};

/// What every operation needs to know.
#[derive(Debug, Clone)]
pub struct Site<'a> {
    /// The declared cluster.
    pub cluster: &'a Cluster,
    /// Images of the components.
    pub images: &'a Images,
    /// Control planes, in the order of the declaration: containers' arguments list them so.
    pub control_planes: Vec<&'a Node>,
    /// Domain of the cluster's names, from the declared kubelet configuration.
    pub cluster_domain: String,
}

impl<'a> Site<'a> {
    /// Derives what is common to all nodes.
    #[must_use]
    pub fn new(cluster: &'a Cluster, images: &'a Images) -> Self {
        Self {
            cluster,
            images,
            control_planes: cluster.control_planes().collect(),
            cluster_domain: crate::kubelet::cluster_domain(&cluster.options.kubelet),
        }
    }
}
