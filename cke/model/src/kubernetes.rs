//! The few parts of Kubernetes objects that decisions look at.

use std::collections::BTreeMap;

record! {
    /// A taint of a node.
    pub struct Taint {
        /// Key.
        "key" key: String,
        /// Value.
        "value" (omitempty) value: String,
        /// `NoSchedule`, `PreferNoSchedule` or `NoExecute`.
        "effect" effect: String,
    }
}

record! {
    /// A selector of labels; an empty one selects all.
    pub struct LabelSelector {
        /// Labels that must have these values.
        "matchLabels" (omitempty) match_labels: BTreeMap<String, String>,
        /// Further conditions.
        "matchExpressions" (omitempty) match_expressions: Vec<LabelRequirement>,
    }
}

record! {
    /// A condition on one label.
    pub struct LabelRequirement {
        /// Label.
        "key" key: String,
        /// `In`, `NotIn`, `Exists` or `DoesNotExist`.
        "operator" operator: String,
        /// Values for `In` and `NotIn`.
        "values" (omitempty) values: Vec<String>,
    }
}

/// A Node object as the API server shows it.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct KubeNode {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.labels`.
    pub labels: BTreeMap<String, String>,
    /// `metadata.annotations`.
    pub annotations: BTreeMap<String, String>,
    /// `spec.taints`.
    pub taints: Vec<Taint>,
    /// `spec.unschedulable`.
    pub unschedulable: bool,
    /// Whether the condition `Ready` is `True`.
    pub ready: bool,
}

/// A Service object.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct KubeService {
    /// `spec.type`.
    pub service_type: String,
    /// `spec.clusterIP`.
    pub cluster_ip: String,
    /// `spec.clusterIPs`.
    pub cluster_ips: Vec<String>,
    /// `spec.ports[].port`.
    pub ports: Vec<u16>,
}

/// An Endpoints object of one subset and one port, as CKE writes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct KubeEndpoints {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`.
    pub namespace: String,
    /// `metadata.labels`.
    pub labels: BTreeMap<String, String>,
    /// One for each of `subsets`.
    pub subsets: Vec<EndpointSubset>,
}

/// A part of an Endpoints object.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct EndpointSubset {
    /// Addresses that answer.
    pub ready: Vec<String>,
    /// Addresses that do not.
    pub not_ready: Vec<String>,
    /// Name and number of each port.
    pub ports: Vec<(String, u16)>,
}

/// An EndpointSlice object.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct KubeEndpointSlice {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`.
    pub namespace: String,
    /// `metadata.labels`.
    pub labels: BTreeMap<String, String>,
    /// `addressType`.
    pub address_type: String,
    /// Addresses of each endpoint, and its condition `ready`.
    pub endpoints: Vec<(Vec<String>, Option<bool>)>,
    /// Name and number of each port, where given.
    pub ports: Vec<(Option<String>, Option<u16>)>,
}

/// A ConfigMap object.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct KubeConfigMap {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`.
    pub namespace: String,
    /// `data`.
    pub data: BTreeMap<String, String>,
}

/// What is known of an object that CKE applies.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ResourceStatus {
    /// `metadata.annotations`.
    pub annotations: BTreeMap<String, String>,
    /// Whether the field manager `cke` owns fields of it by server-side apply.
    pub applied_by_cke: bool,
}
