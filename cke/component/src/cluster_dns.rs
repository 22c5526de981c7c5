//! CoreDNS, the cluster's resolver: its configuration. The rest of it is among the built-in resources.

use crate::dns::{config_map, create, update};
use cke_model::Operation;
use cke_model::kubernetes::KubeConfigMap;
use cke_model::names::kube::CLUSTER_DNS;
use std::fmt::Write as _;

/// Key of the configuration.
pub const KEY: &str = "Corefile";

/// The configuration, kept byte for byte: it is compared as text.
#[must_use]
pub fn corefile(domain: &str, upstreams: &[String]) -> String {
    let mut text = String::from(
        ".:1053 {\n    errors\n    health\n    ready\n    log . {combined} {\n        class denial error\n    }\n",
    );
    let _ = writeln!(
        text,
        "    kubernetes {domain} in-addr.arpa ip6.arpa {{\n      pods verified"
    );
    if !upstreams.is_empty() {
        text.push_str("      fallthrough in-addr.arpa ip6.arpa\n");
    }
    text.push_str("    }\n");
    if !upstreams.is_empty() {
        let _ = writeln!(text, "    forward . {}", upstreams.join(" "));
    }
    text.push_str("    prometheus :9153\n    cache 30\n    reload\n    loadbalance\n}\n");
    text
}

/// The ConfigMap of the resolver.
#[must_use]
pub fn wanted(domain: &str, upstreams: &[String]) -> KubeConfigMap {
    config_map(CLUSTER_DNS, KEY, corefile(domain, upstreams))
}

/// `create-cluster-dns-configmap`
#[must_use]
pub fn create_config_map(api_server: &str, wanted: KubeConfigMap) -> Operation {
    create("create-cluster-dns-configmap", api_server, wanted)
}

/// `update-cluster-dns-configmap`
#[must_use]
pub fn update_config_map(api_server: &str, wanted: KubeConfigMap) -> Operation {
    update("update-cluster-dns-configmap", api_server, wanted)
}
