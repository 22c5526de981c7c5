//! Resources of Kubernetes that CKE applies: its own and those that users registered.

use serde::{Deserialize, Serialize};

/// A resource to apply.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ResourceDefinition {
    /// `Kind/name` or `Kind/namespace/name`.
    pub key: String,
    /// Kind.
    pub kind: String,
    /// Namespace, empty for cluster-wide kinds.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Revision that is compared: of the key in etcd, or of the built-in resource.
    pub revision: i64,
    /// The image that is compared, for built-in resources.
    pub image: String,
    /// Order of applying: lower first.
    pub rank: u32,
    /// The object as YAML or JSON.
    pub definition: String,
}
