//! What both resolvers share: a ConfigMap in `kube-system`, and where they get answers from.

use crate::steps::step;
use cke_model::kubernetes::{KubeConfigMap, KubeService};
use cke_model::operation::Action;
use cke_model::{Cluster, Operation};
use std::collections::BTreeMap;

const NAMESPACE: &str = "kube-system";

/// Servers that answer for names outside of the cluster: the declared service, where it has an address, or else the
/// declared servers.
#[must_use]
pub fn upstreams(cluster: &Cluster, dns_service: Option<&KubeService>) -> Vec<String> {
    match dns_service.map(|service| service.cluster_ip.as_str()) {
        None | Some("" | "None") => cluster.dns_servers.clone().unwrap_or_default(),
        Some(ip) => vec![ip.to_owned()],
    }
}

pub(crate) fn config_map(name: &str, key: &str, text: String) -> KubeConfigMap {
    KubeConfigMap {
        name: name.to_owned(),
        namespace: NAMESPACE.to_owned(),
        data: BTreeMap::from([(key.to_owned(), text)]),
    }
}

pub(crate) fn create(name: &str, api_server: &str, config_map: KubeConfigMap) -> Operation {
    put(name, "createConfigMapCommand", api_server, config_map, true)
}

pub(crate) fn update(name: &str, api_server: &str, config_map: KubeConfigMap) -> Operation {
    put(name, "updateConfigMapCommand", api_server, config_map, false)
}

fn put(name: &str, step_name: &str, api_server: &str, config_map: KubeConfigMap, create: bool) -> Operation {
    let action = Action::KubePutConfigMap {
        api_server: api_server.to_owned(),
        create,
        config_map,
    };
    Operation {
        name: name.to_owned(),
        targets: vec![api_server.to_owned()],
        steps: vec![step(step_name, NAMESPACE, action)],
    }
}
