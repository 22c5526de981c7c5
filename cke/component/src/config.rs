//! Configuration files of components: built from defaults, what operators declare and what CKE enforces, and compared by
//! meaning.
//!
//! Kubernetes' programs read these files into types of Go, where a field that is missing, `null` or (for most fields) zero
//! is the same. A comparison that did not know would restart every component of a cluster that another version built.

pub mod check;
pub mod duration;
pub mod fields;
mod merge;
mod quantity;
mod same;
pub mod shape;

pub use merge::merge;
pub use same::{same, same_except};
pub use shape::{Fields, Shape};

use serde_json::{Map, Value};

/// The fields of an object, without `apiVersion` and `kind`.
pub type Object = Map<String, Value>;

/// A kind of configuration file.
#[derive(Debug, Clone, Copy)]
pub struct Schema {
    /// `apiVersion`.
    pub api_version: &'static str,
    /// `kind`.
    pub kind: &'static str,
    /// Its fields.
    pub fields: Fields,
}

/// Configuration of kubelet.
pub const KUBELET: Schema = Schema {
    api_version: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    fields: fields::kubelet::KUBELET,
};

/// Configuration of kube-proxy.
pub const PROXY: Schema = Schema {
    api_version: "kubeproxy.config.k8s.io/v1alpha1",
    kind: "KubeProxyConfiguration",
    fields: fields::proxy::PROXY,
};

/// Configuration of kube-scheduler.
pub const SCHEDULER: Schema = Schema {
    api_version: "kubescheduler.config.k8s.io/v1",
    kind: "KubeSchedulerConfiguration",
    fields: fields::scheduler::SCHEDULER,
};

impl Schema {
    /// The defaults with what an operator declares over them.
    pub(crate) fn over(&self, defaults: Value, declared: Option<&Value>) -> Object {
        let Value::Object(mut config) = defaults else {
            return Object::new();
        };
        if let Some(Value::Object(declared)) = declared {
            merge(self.fields, &mut config, declared);
        }
        config
    }

    /// The text of the file.
    #[must_use]
    pub fn to_yaml(&self, config: &Object) -> String {
        let mut file = config.clone();
        file.insert("apiVersion".to_owned(), self.api_version.into());
        file.insert("kind".to_owned(), self.kind.into());
        to_yaml(&Value::Object(file))
    }
}

/// YAML of plain data.
pub(crate) fn to_yaml(value: &Value) -> String {
    // JSON is YAML: a writer that refuses plain data (none is known) must not stop a rollout.
    serde_saphyr::to_string(value).unwrap_or_else(|_| value.to_string())
}

/// Puts a value at a path of nested objects, making them where they are missing.
pub(crate) fn set(config: &mut Object, path: &[&str], value: Value) {
    match path {
        [] => {}
        [name] => {
            config.insert((*name).to_owned(), value);
        }
        [name, rest @ ..] => {
            let inner = config
                .entry((*name).to_owned())
                .or_insert_with(|| Value::Object(Object::new()));
            if !inner.is_object() {
                *inner = Value::Object(Object::new());
            }
            if let Value::Object(inner) = inner {
                set(inner, rest, value);
            }
        }
    }
}

#[cfg(test)]
mod tests;
