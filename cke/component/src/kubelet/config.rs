//! The configuration of kubelet: defaults, what operators declare over them, and what CKE enforces.

use super::{VOLUME_PLUGINS, pki_paths};
use crate::config::{KUBELET as SCHEMA, Object, set};
use cke_model::cluster::KubeletParams;
use cke_model::kubernetes::Taint;
use serde_json::{Value, json};

/// Fields that must not change under a running node: a restart keeps what is there until the node boots again.
pub const KEPT_FIELDS: [&str; 10] = [
    "kubeletCgroups",
    "systemCgroups",
    "cgroupRoot",
    "cgroupsPerQOS",
    "cgroupDriver",
    "cpuManagerPolicy",
    "topologyManagerPolicy",
    "qosReserved",
    "systemReservedCgroup",
    "kubeReservedCgroup",
];

/// What is not compared between nodes: [`KEPT_FIELDS`] and [`NODE_FIELD`].
pub(crate) const NOT_COMPARED: &[&str] = &[
    NODE_FIELD,
    "kubeletCgroups",
    "systemCgroups",
    "cgroupRoot",
    "cgroupsPerQOS",
    "cgroupDriver",
    "cpuManagerPolicy",
    "topologyManagerPolicy",
    "qosReserved",
    "systemReservedCgroup",
    "kubeReservedCgroup",
];

/// The field of the configuration that differs between nodes: each asks its own resolver.
pub(crate) const NODE_FIELD: &str = "clusterDNS";

/// The configuration on a node. `running` is that of the kubelet which runs there, if one does and its file was read.
#[must_use]
pub fn config(params: &KubeletParams, address: &str, running: Option<&Value>) -> Object {
    let mut config = declared_config(params);
    config.insert(NODE_FIELD.to_owned(), json!([address]));
    if let Some(Value::Object(running)) = running {
        keep(&mut config, running);
    }
    config
}

/// Takes over the fields that must not change, those that are missing too.
fn keep(config: &mut Object, running: &Object) {
    for name in KEPT_FIELDS {
        match running.get(name) {
            Some(value) if !value.is_null() => {
                config.insert(name.to_owned(), value.clone());
            }
            _ => {
                config.remove(name);
            }
        }
    }
}

/// What is the same on all nodes.
#[must_use]
pub fn declared_config(params: &KubeletParams) -> Object {
    let defaults = json!({
        "clusterDomain": "cluster.local",
        "runtimeRequestTimeout": "15m0s",
        "healthzBindAddress": "0.0.0.0",
        "volumePluginDir": VOLUME_PLUGINS,
    });
    let mut config = SCHEMA.over(defaults, params.config.as_ref());
    let (ca, certificate, key) = pki_paths();
    config.insert("tlsCertFile".to_owned(), certificate.into());
    config.insert("tlsPrivateKeyFile".to_owned(), key.into());
    let authentication = json!({ "x509": { "clientCAFile": ca }, "webhook": { "enabled": true } });
    config.insert("authentication".to_owned(), authentication);
    config.insert("authorization".to_owned(), json!({ "mode": "Webhook" }));
    register_boot_taints(&mut config, params.boot_taints.as_deref().unwrap_or_default());
    config
}

/// Adds the taints of a fresh node to those that operators declare; one of the same key is replaced.
fn register_boot_taints(config: &mut Object, boot_taints: &[Taint]) {
    if boot_taints.is_empty() {
        return;
    }
    let mut taints = match config.remove("registerWithTaints") {
        Some(Value::Array(taints)) => taints,
        _ => Vec::new(),
    };
    let declared = taints.len();
    for taint in boot_taints {
        let value = taint_value(taint);
        let same_key = |other: &&mut Value| other.get("key").and_then(Value::as_str) == Some(taint.key.as_str());
        // The last declared one of a key counts; boot taints among themselves are all kept.
        match taints.iter_mut().take(declared).rev().find(same_key) {
            Some(found) => *found = value,
            None => taints.push(value),
        }
    }
    set(config, &["registerWithTaints"], Value::Array(taints));
}

fn taint_value(taint: &Taint) -> Value {
    let mut value = json!({ "key": taint.key, "effect": taint.effect });
    if !taint.value.is_empty() {
        value["value"] = taint.value.clone().into();
    }
    value
}

/// The declared domain of the cluster's names.
#[must_use]
pub fn cluster_domain(params: &KubeletParams) -> String {
    let config = declared_config(params);
    let domain = config.get("clusterDomain").and_then(Value::as_str);
    domain.unwrap_or_default().to_owned()
}

/// Whether a value is a list of just this address.
pub(crate) fn address_list(value: Option<&Value>, address: &str) -> bool {
    matches!(value, Some(Value::Array(list)) if matches!(list.as_slice(), [Value::String(one)] if one == address))
}
