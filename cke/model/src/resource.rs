//! Resources of Kubernetes that CKE applies: its own and those that users registered.

mod parse;

use crate::kubernetes::ResourceStatus;
use crate::names::kube;
use serde::{Deserialize, Serialize};

pub use parse::{InvalidResource, ParsedResource, parse, split_documents};

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

/// A key that is neither `Kind/name` nor `Kind/namespace/name`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid resource key: {0}")]
pub struct InvalidKey(pub String);

impl ResourceDefinition {
    /// A resource of a user, by its key.
    ///
    /// # Errors
    /// When the key has the wrong number of parts.
    pub fn from_key(key: &str, revision: i64, definition: String) -> Result<Self, InvalidKey> {
        let (kind, namespace, name) = match key.split('/').collect::<Vec<_>>()[..] {
            [kind, name] => (kind, "", name),
            [kind, namespace, name] => (kind, namespace, name),
            _ => return Err(InvalidKey(key.to_owned())),
        };
        Ok(Self {
            key: key.to_owned(),
            kind: kind.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            revision,
            image: String::new(),
            rank: rank(kind, namespace),
            definition,
        })
    }

    /// Whether the object must be applied: it does not exist, or carries another revision or image.
    #[must_use]
    pub fn needs_update(&self, status: Option<&ResourceStatus>) -> bool {
        let annotation = |name| status.and_then(|status| status.annotations.get(name));
        if annotation(kube::REVISION) != Some(&self.revision.to_string()) {
            return true;
        }
        !self.image.is_empty() && annotation(kube::IMAGE) != Some(&self.image)
    }
}

/// What must exist before others is applied before them: the order by kind and scope.
#[must_use]
pub fn rank(kind: &str, namespace: &str) -> u32 {
    match kind {
        "Namespace" => 10,
        "ServiceAccount" => 20,
        "CustomResourceDefinition" => 30,
        "ClusterRole" => 40,
        "ClusterRoleBinding" => 50,
        "Role" => 2000,
        "RoleBinding" => 2010,
        "NetworkPolicy" => 2020,
        "Secret" => 2030,
        "ConfigMap" => 2040,
        _ if namespace.is_empty() => 1000,
        _ => 3000,
    }
}

/// Puts resources into the order of applying: by rank, then by key.
pub fn sort(resources: &mut [ResourceDefinition]) {
    resources.sort_by(|a, b| (a.rank, &a.key).cmp(&(b.rank, &b.key)));
}

#[cfg(test)]
mod tests;
