//! What a cluster is to become: the input of a decision that operators and configuration make.

use cke_model::{Cluster, Constraints, Controls, Images, ResourceDefinition};
use serde::{Deserialize, Serialize};

/// Everything that is wanted of a cluster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Desired {
    /// Nodes and options of the components.
    pub cluster: Cluster,
    /// Limits for disruptions.
    pub constraints: Constraints,
    /// What users registered, in the order of applying; built-in resources are added to them.
    pub resources: Vec<ResourceDefinition>,
    /// What components are run from.
    pub images: Images,
    /// Options of the program that decides.
    pub options: DecideOptions,
    /// The brake and the budget.
    pub controls: Controls,
}

impl Desired {
    /// A cluster with everything else as documented for a new installation.
    #[must_use]
    pub fn new(cluster: Cluster) -> Self {
        Self {
            cluster,
            constraints: Constraints::documented_defaults(),
            resources: Vec::new(),
            images: Images::default(),
            options: DecideOptions::default(),
            controls: Controls::default(),
        }
    }
}

/// Options of the program that decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecideOptions {
    /// Nodes whose containers are started or restarted by one operation; 1 where it is 0.
    pub max_concurrent_updates: usize,
}

impl Default for DecideOptions {
    /// 10 at once, as the original does.
    fn default() -> Self {
        Self {
            max_concurrent_updates: 10,
        }
    }
}
