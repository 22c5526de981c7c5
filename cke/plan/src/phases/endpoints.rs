//! Where clients inside the cluster find API servers and etcd. What is unhealthy, or about to reboot, is marked as not ready
//! before it goes.

use super::Decision;
use crate::view::{NodeView, addresses};
use cke_component::endpoints;
use std::collections::HashSet;

/// Keeps the end points of API servers. `leaving` are taken out although they are healthy.
pub(super) fn api_servers(decision: &mut Decision<'_, '_>, leaving: &HashSet<&str>) {
    let view = decision.view;
    let Some(api_server) = view.kubernetes() else { return };
    let serves = |n: &NodeView<'_>| view.rebooting(n.address()).is_none() && !leaving.contains(n.address());
    let (healthy, unhealthy): (Vec<NodeView<'_>>, Vec<_>) =
        view.control_planes.iter().partition(|n| n.api_server_healthy());
    let (ready, leaving): (Vec<NodeView<'_>>, Vec<_>) = healthy.into_iter().partition(serves);
    let not_ready = addresses(leaving.iter().chain(&unhealthy));
    let ready = addresses(&ready);
    let seen = &view.observed.kubernetes;
    let wanted = endpoints::kubernetes(ready, not_ready);
    let operations = wanted.operations(
        api_server.address(),
        seen.master_endpoints.as_ref(),
        seen.master_endpoint_slice.as_ref(),
    );
    decision.draft.operations.extend(operations);
}

/// Keeps the service of etcd and its end points.
pub(super) fn etcd(decision: &mut Decision<'_, '_>, api_server: &str, leaving: &HashSet<&str>) {
    let view = decision.view;
    let seen = &view.observed.kubernetes;
    let leaves = |address: &str| view.rebooting(address).is_some() || leaving.contains(address);
    let (not_ready, ready) = view
        .control_planes
        .iter()
        .map(|n| n.address().to_owned())
        .partition(|a| leaves(a));
    let service = seen.etcd_service.as_ref();
    if !service.is_some_and(endpoints::same_etcd_service) {
        decision
            .draft
            .operations
            .push(endpoints::put_etcd_service(api_server, service.is_none()));
    }
    let wanted = endpoints::etcd(ready, not_ready);
    let operations = wanted.operations(
        api_server,
        seen.etcd_endpoints.as_ref(),
        seen.etcd_endpoint_slice.as_ref(),
    );
    decision.draft.operations.extend(operations);
}
