//! Configuration of the resolvers: CoreDNS for the cluster, unbound on each node. Both are compared as text.

use super::Decision;
use crate::wait::WaitReason;
use cke_component::{cluster_dns, dns, node_dns};
use cke_model::kubernetes::KubeConfigMap;

pub(super) fn resolvers(decision: &mut Decision<'_, '_>, api_server: &str) {
    let (view, draft) = (decision.view, &mut decision.draft);
    let seen = &view.observed.kubernetes;
    let domain = &view.site.cluster_domain;
    let upstreams = dns::upstreams(&view.desired.cluster, seen.dns_service.as_ref());

    let wanted = cluster_dns::wanted(domain, &upstreams);
    match &seen.cluster_dns_config {
        None => draft
            .operations
            .push(cluster_dns::create_config_map(api_server, wanted)),
        Some(actual) if same(cluster_dns::KEY, &wanted, actual) => {}
        Some(_) => draft
            .operations
            .push(cluster_dns::update_config_map(api_server, wanted)),
    }

    if seen.cluster_dns_ip.is_empty() {
        draft.wait_cluster(WaitReason::NoClusterDnsAddress {});
        return;
    }
    let wanted = node_dns::wanted(&seen.cluster_dns_ip, domain, &upstreams);
    match &seen.node_dns_config {
        None => draft.operations.push(node_dns::create_config_map(api_server, wanted)),
        Some(actual) if same(node_dns::KEY, &wanted, actual) => {}
        Some(_) => draft.operations.push(node_dns::update_config_map(api_server, wanted)),
    }
}

fn same(key: &str, wanted: &KubeConfigMap, actual: &KubeConfigMap) -> bool {
    wanted.data.get(key) == actual.data.get(key)
}
