//! What a container of a component was started with: it is compared to decide whether to leave the container alone.

use std::collections::BTreeMap;

record! {
    /// Arguments, mounts and environment of a container, built in or added by operators.
    pub struct ServiceParams {
        /// Arguments, in order.
        "extra_args" extra_args: Option<Vec<String>>,
        /// Bind mounts, in order.
        "extra_binds" extra_binds: Option<Vec<Mount>>,
        /// Environment.
        "extra_env" extra_env: Option<BTreeMap<String, String>>,
    }
}

record! {
    /// A bind mount.
    pub struct Mount {
        /// Path on the node.
        "source" source: String,
        /// Path in the container.
        "destination" destination: String,
        /// Whether the container may not write.
        "read_only" read_only: bool,
        /// `shared`, `rshared` ..., or empty.
        "propagation" propagation: String,
        /// `z`, `Z`, or empty.
        "selinux_label" selinux_label: String,
    }
}

impl Mount {
    /// Whether containers with these mounts are the same to a reconciler: propagation and labels are not compared.
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        self.source == other.source && self.destination == other.destination && self.read_only == other.read_only
    }
}

impl ServiceParams {
    /// Whether a container with `other` may stay where these are wanted: arguments and mounts in order, the environment as a
    /// map, missing and empty alike.
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        list(&self.extra_args) == list(&other.extra_args) && self.same_binds(other) && self.same_env(other)
    }

    /// Whether the mounts are the same, in order.
    #[must_use]
    pub fn same_binds(&self, other: &Self) -> bool {
        let (ours, theirs) = (list(&self.extra_binds), list(&other.extra_binds));
        ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(a, b)| a.same_as(b))
    }

    /// Whether the environment is the same.
    #[must_use]
    pub fn same_env(&self, other: &Self) -> bool {
        let none = BTreeMap::new();
        self.extra_env.as_ref().unwrap_or(&none) == other.extra_env.as_ref().unwrap_or(&none)
    }
}

fn list<T>(list: &Option<Vec<T>>) -> &[T] {
    list.as_deref().unwrap_or_default()
}

record! {
    /// The value of the label `com.cybozu.cke` on a container.
    pub struct ContainerLabel {
        /// What the component needs.
        "builtin" builtin: ServiceParams,
        /// What operators added.
        "extra" extra_params: ServiceParams,
    }
}

/// Name of the label that carries [`ContainerLabel`].
pub const LABEL: &str = "com.cybozu.cke";
