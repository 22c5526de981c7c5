//! Where the API servers and etcd answer, as Kubernetes shows it: Endpoints and EndpointSlices that CKE keeps itself, and
//! the service of etcd.

use crate::steps::step;
use cke_model::Operation;
use cke_model::kubernetes::{EndpointSubset, KubeEndpointSlice, KubeEndpoints, KubeService};
use cke_model::names::{kube::ETCD_SERVICE, port};
use cke_model::operation::Action;
use std::collections::{BTreeMap, BTreeSet};

/// Addresses of an endpoint, and whether it is ready.
type Endpoint = (Vec<String>, Option<bool>);

/// The addresses of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// For readers that know Endpoints only.
    pub endpoints: KubeEndpoints,
    /// The same for all others.
    pub slice: KubeEndpointSlice,
}

/// Of `default/kubernetes`: the API servers.
#[must_use]
pub fn kubernetes(ready: Vec<String>, not_ready: Vec<String>) -> Wanted {
    wanted("default", "kubernetes", ("https", port::API_SERVER), ready, not_ready)
}

/// Of `kube-system/cke-etcd`: the members of etcd.
#[must_use]
pub fn etcd(ready: Vec<String>, not_ready: Vec<String>) -> Wanted {
    wanted("kube-system", ETCD_SERVICE, ("", port::ETCD), ready, not_ready)
}

fn wanted(namespace: &str, name: &str, port: (&str, u16), ready: Vec<String>, not_ready: Vec<String>) -> Wanted {
    let slice = KubeEndpointSlice {
        name: name.to_owned(),
        namespace: namespace.to_owned(),
        labels: labels([
            ("endpointslice.kubernetes.io/managed-by", "cke.cybozu.com"),
            ("kubernetes.io/service-name", name),
        ]),
        address_type: "IPv4".to_owned(),
        endpoints: slice_endpoints(&ready, &not_ready),
        ports: vec![(Some(port.0.to_owned()), Some(port.1))],
    };
    let endpoints = KubeEndpoints {
        name: name.to_owned(),
        namespace: namespace.to_owned(),
        // Kubernetes would make a second slice out of them.
        labels: labels([("endpointslice.kubernetes.io/skip-mirror", "true")]),
        subsets: vec![EndpointSubset {
            ready,
            not_ready,
            ports: vec![(port.0.to_owned(), port.1)],
        }],
    };
    Wanted { endpoints, slice }
}

fn labels<const N: usize>(labels: [(&str, &str); N]) -> BTreeMap<String, String> {
    labels.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

/// Each address once, sorted; one that is on both lists is not ready.
fn slice_endpoints(ready: &[String], not_ready: &[String]) -> Vec<Endpoint> {
    let all: BTreeSet<_> = ready.iter().chain(not_ready).collect();
    all.into_iter()
        .map(|address| (vec![address.clone()], Some(!not_ready.contains(address))))
        .collect()
}

impl Wanted {
    /// What must be made or changed.
    #[must_use]
    pub fn operations(
        self,
        api_server: &str,
        endpoints: Option<&KubeEndpoints>,
        slice: Option<&KubeEndpointSlice>,
    ) -> Vec<Operation> {
        let mut operations = Vec::new();
        if !endpoints.is_some_and(|actual| same_endpoints(&self.endpoints, actual)) {
            operations.push(put_endpoints(api_server, endpoints.is_none(), self.endpoints));
        }
        if !slice.is_some_and(|actual| same_slice(&self.slice, actual)) {
            operations.push(put_slice(api_server, slice.is_none(), self.slice));
        }
        operations
    }
}

/// Whether an object on the server may stay. Further labels do not matter, nor the order of addresses.
#[must_use]
pub fn same_endpoints(wanted: &KubeEndpoints, actual: &KubeEndpoints) -> bool {
    let ([wanted_subset], [subset]) = (wanted.subsets.as_slice(), actual.subsets.as_slice()) else {
        return false;
    };
    let port = |subset: &EndpointSubset| match subset.ports.as_slice() {
        [(_, port)] => Some(*port),
        _ => None,
    };
    has_labels(&wanted.labels, &actual.labels)
        && port(subset).is_some_and(|actual| Some(actual) == port(wanted_subset))
        && same_set(&wanted_subset.ready, &subset.ready)
        && same_set(&wanted_subset.not_ready, &subset.not_ready)
}

/// Whether an object on the server may stay. Further labels do not matter; the endpoints are compared in order.
#[must_use]
pub fn same_slice(wanted: &KubeEndpointSlice, actual: &KubeEndpointSlice) -> bool {
    has_labels(&wanted.labels, &actual.labels)
        && wanted.address_type == actual.address_type
        && wanted.endpoints.len() == actual.endpoints.len()
        && wanted
            .endpoints
            .iter()
            .zip(&actual.endpoints)
            .all(|(wanted, actual)| same_endpoint(wanted, actual))
        && wanted.ports == actual.ports
}

fn same_endpoint(wanted: &Endpoint, actual: &Endpoint) -> bool {
    actual.1.is_some() && wanted.1 == actual.1 && same_set(&wanted.0, &actual.0)
}

fn has_labels(wanted: &BTreeMap<String, String>, actual: &BTreeMap<String, String>) -> bool {
    wanted.iter().all(|(name, value)| actual.get(name) == Some(value))
}

fn same_set(wanted: &[String], actual: &[String]) -> bool {
    wanted.len() == actual.len() && actual.iter().all(|address| wanted.contains(address))
}

fn on_api_server(name: String, api_server: &str, step: cke_model::Step) -> Operation {
    Operation {
        name,
        targets: vec![api_server.to_owned()],
        steps: vec![step],
    }
}

/// `create-NAME-endpoints`, `update-NAME-endpoints`
#[must_use]
pub fn put_endpoints(api_server: &str, create: bool, endpoints: KubeEndpoints) -> Operation {
    let verb = verb(create);
    let ready = endpoints.subsets.first().map(|subset| subset.ready.join(","));
    let name = format!("{verb}-{}-endpoints", endpoints.name);
    let action = Action::KubePutEndpoints {
        api_server: api_server.to_owned(),
        create,
        endpoints,
    };
    let step = step(&format!("{verb}EndpointsCommand"), ready.unwrap_or_default(), action);
    on_api_server(name, api_server, step)
}

/// `create-NAME-endpointslice`, `update-NAME-endpointslice`
#[must_use]
pub fn put_slice(api_server: &str, create: bool, slice: KubeEndpointSlice) -> Operation {
    let verb = verb(create);
    let addresses: Vec<_> = slice
        .endpoints
        .iter()
        .flat_map(|(addresses, _)| addresses.clone())
        .collect();
    let name = format!("{verb}-{}-endpointslice", slice.name);
    let action = Action::KubePutEndpointSlice {
        api_server: api_server.to_owned(),
        create,
        slice,
    };
    let step = step(&format!("{verb}EndpointSliceCommand"), addresses.join(","), action);
    on_api_server(name, api_server, step)
}

/// Whether the service of etcd may stay.
#[must_use]
pub fn same_etcd_service(actual: &KubeService) -> bool {
    actual.ports == [port::ETCD] && actual.service_type == "ClusterIP" && actual.cluster_ip == "None"
}

/// `create-etcd-service`, `update-etcd-service`: Kubernetes removes Endpoints that have no service.
#[must_use]
pub fn put_etcd_service(api_server: &str, create: bool) -> Operation {
    let verb = verb(create);
    let action = Action::KubePutEtcdService {
        api_server: api_server.to_owned(),
        create,
    };
    let step = step(&format!("{verb}EtcdServiceCommand"), "", action);
    on_api_server(format!("{verb}-etcd-service"), api_server, step)
}

fn verb(create: bool) -> &'static str {
    if create { "create" } else { "update" }
}
