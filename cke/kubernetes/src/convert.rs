//! From Kubernetes' objects to the parts that decisions look at, and back. Pure.

use cke_model::kubernetes::{
    EndpointSubset, KubeConfigMap, KubeEndpointSlice, KubeEndpoints, KubeNode, KubeService, ResourceStatus, Taint,
};
use cke_model::names;
use k8s_openapi::api::core::v1::{self as core, ConfigMap, EndpointAddress, Endpoints, Node, Service};
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointConditions, EndpointPort, EndpointSlice};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

#[cfg(test)]
mod tests;

fn port(number: i32) -> Option<u16> {
    u16::try_from(number).ok()
}

/// A Node object.
pub(crate) fn node(object: Node) -> KubeNode {
    let ready = |status: &core::NodeStatus| {
        let mut conditions = status.conditions.iter().flatten();
        conditions.any(|c| c.type_ == "Ready" && c.status == "True")
    };
    let spec = object.spec.unwrap_or_default();
    KubeNode {
        name: object.metadata.name.unwrap_or_default(),
        labels: object.metadata.labels.unwrap_or_default(),
        annotations: object.metadata.annotations.unwrap_or_default(),
        taints: spec.taints.into_iter().flatten().map(taint).collect(),
        unschedulable: spec.unschedulable.unwrap_or_default(),
        ready: object.status.as_ref().is_some_and(ready),
    }
}

/// A taint of a Node object.
pub(crate) fn taint(object: core::Taint) -> Taint {
    Taint {
        key: object.key,
        value: object.value.unwrap_or_default(),
        effect: object.effect,
        ..Taint::default()
    }
}

/// A Service object.
pub(crate) fn service(object: Service) -> KubeService {
    let spec = object.spec.unwrap_or_default();
    KubeService {
        service_type: spec.type_.unwrap_or_default(),
        cluster_ip: spec.cluster_ip.unwrap_or_default(),
        cluster_ips: spec.cluster_ips.unwrap_or_default(),
        ports: spec.ports.iter().flatten().filter_map(|p| port(p.port)).collect(),
    }
}

/// A ConfigMap object.
pub(crate) fn config_map(object: ConfigMap) -> KubeConfigMap {
    KubeConfigMap {
        name: object.metadata.name.unwrap_or_default(),
        namespace: object.metadata.namespace.unwrap_or_default(),
        data: object.data.unwrap_or_default(),
    }
}

/// An Endpoints object.
pub(crate) fn endpoints(object: Endpoints) -> KubeEndpoints {
    let addresses = |list: Option<Vec<EndpointAddress>>| list.into_iter().flatten().map(|a| a.ip).collect();
    let subset = |subset: core::EndpointSubset| EndpointSubset {
        ready: addresses(subset.addresses),
        not_ready: addresses(subset.not_ready_addresses),
        ports: subset
            .ports
            .into_iter()
            .flatten()
            .filter_map(|p| Some((p.name.unwrap_or_default(), port(p.port)?)))
            .collect(),
    };
    KubeEndpoints {
        name: object.metadata.name.unwrap_or_default(),
        namespace: object.metadata.namespace.unwrap_or_default(),
        labels: object.metadata.labels.unwrap_or_default(),
        subsets: object.subsets.into_iter().flatten().map(subset).collect(),
    }
}

/// An EndpointSlice object.
pub(crate) fn endpoint_slice(object: EndpointSlice) -> KubeEndpointSlice {
    let endpoint = |e: Endpoint| (e.addresses, e.conditions.and_then(|c| c.ready));
    KubeEndpointSlice {
        name: object.metadata.name.unwrap_or_default(),
        namespace: object.metadata.namespace.unwrap_or_default(),
        labels: object.metadata.labels.unwrap_or_default(),
        address_type: object.address_type,
        endpoints: object.endpoints.into_iter().map(endpoint).collect(),
        ports: object
            .ports
            .into_iter()
            .flatten()
            .map(|p| (p.name, p.port.and_then(port)))
            .collect(),
    }
}

/// What is known of an applied object from its metadata.
pub(crate) fn resource(metadata: ObjectMeta) -> ResourceStatus {
    let is_ours = |entry: &k8s_openapi::apimachinery::pkg::apis::meta::v1::ManagedFieldsEntry| {
        entry.manager.as_deref() == Some(names::kube::FIELD_MANAGER) && entry.operation.as_deref() == Some("Apply")
    };
    ResourceStatus {
        applied_by_cke: metadata.managed_fields.iter().flatten().any(is_ours),
        annotations: metadata.annotations.unwrap_or_default(),
    }
}

/// The Endpoints object to write.
pub(crate) fn to_endpoints(wanted: &KubeEndpoints) -> Endpoints {
    let addresses = |ips: &[String]| {
        let address = |ip: &String| EndpointAddress {
            ip: ip.clone(),
            ..EndpointAddress::default()
        };
        (!ips.is_empty()).then(|| ips.iter().map(address).collect())
    };
    let ports = |ports: &[(String, u16)]| {
        let port = |(name, number): &(String, u16)| core::EndpointPort {
            name: (!name.is_empty()).then(|| name.clone()),
            port: i32::from(*number),
            ..core::EndpointPort::default()
        };
        ports.iter().map(port).collect()
    };
    let subset = |subset: &EndpointSubset| core::EndpointSubset {
        addresses: addresses(&subset.ready),
        not_ready_addresses: addresses(&subset.not_ready),
        ports: Some(ports(&subset.ports)),
    };
    Endpoints {
        metadata: ObjectMeta {
            labels: Some(wanted.labels.clone()),
            ..named(&wanted.namespace, &wanted.name)
        },
        subsets: Some(wanted.subsets.iter().map(subset).collect()),
    }
}

/// The EndpointSlice object to write.
pub(crate) fn to_endpoint_slice(wanted: &KubeEndpointSlice) -> EndpointSlice {
    let endpoint = |(addresses, ready): &(Vec<String>, Option<bool>)| Endpoint {
        addresses: addresses.clone(),
        conditions: Some(EndpointConditions {
            ready: *ready,
            ..EndpointConditions::default()
        }),
        ..Endpoint::default()
    };
    let port = |(name, number): &(Option<String>, Option<u16>)| EndpointPort {
        name: name.clone(),
        port: number.map(i32::from),
        ..EndpointPort::default()
    };
    EndpointSlice {
        metadata: ObjectMeta {
            labels: Some(wanted.labels.clone()),
            ..named(&wanted.namespace, &wanted.name)
        },
        address_type: wanted.address_type.clone(),
        endpoints: wanted.endpoints.iter().map(endpoint).collect(),
        ports: Some(wanted.ports.iter().map(port).collect()),
    }
}

/// The ConfigMap object to write.
pub(crate) fn to_config_map(wanted: &KubeConfigMap) -> ConfigMap {
    ConfigMap {
        metadata: named(&wanted.namespace, &wanted.name),
        data: Some(wanted.data.clone()),
        ..ConfigMap::default()
    }
}

/// The service of the cluster's etcd: without an address of its own, and without a selector, so that the end points stay ours.
pub(crate) fn etcd_service() -> Service {
    let port = core::ServicePort {
        port: i32::from(names::port::ETCD),
        ..core::ServicePort::default()
    };
    Service {
        metadata: named("kube-system", names::kube::ETCD_SERVICE),
        spec: Some(core::ServiceSpec {
            type_: Some("ClusterIP".to_owned()),
            cluster_ip: Some("None".to_owned()),
            ports: Some(vec![port]),
            ..core::ServiceSpec::default()
        }),
        ..Service::default()
    }
}

fn named(namespace: &str, name: &str) -> ObjectMeta {
    ObjectMeta {
        namespace: Some(namespace.to_owned()),
        name: Some(name.to_owned()),
        ..ObjectMeta::default()
    }
}
