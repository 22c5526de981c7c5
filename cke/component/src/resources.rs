//! Resources of Kubernetes: those that CKE brings itself, and the operation that applies one.

use crate::steps::step;
use cke_model::cluster::TrustedRestMapping;
use cke_model::operation::Action;
use cke_model::resource::{rank, sort};
use cke_model::{Images, Operation, ResourceDefinition};

/// A resource that CKE brings.
struct BuiltIn {
    kind: &'static str,
    namespace: &'static str,
    name: &'static str,
    /// To be raised with every change to the manifest, there and here: it is what makes a cluster apply it.
    revision: i64,
    /// Images that are compared, with placeholders as in the manifest.
    image: &'static str,
    manifest: &'static str,
}

const BUILT_IN: [BuiltIn; 9] = [
    BuiltIn {
        kind: "ServiceAccount",
        namespace: "kube-system",
        name: "cke-cluster-dns",
        revision: 1,
        image: "",
        manifest: include_str!("../manifests/service-account-cluster-dns.yml"),
    },
    BuiltIn {
        kind: "ClusterRole",
        namespace: "",
        name: "system:cluster-dns",
        revision: 2,
        image: "",
        manifest: include_str!("../manifests/role-cluster-dns.yml"),
    },
    BuiltIn {
        kind: "ClusterRole",
        namespace: "",
        name: "system:kube-apiserver-to-kubelet",
        revision: 2,
        image: "",
        manifest: include_str!("../manifests/role-kubelet-api.yml"),
    },
    BuiltIn {
        kind: "ClusterRoleBinding",
        namespace: "",
        name: "system:cluster-dns",
        revision: 1,
        image: "",
        manifest: include_str!("../manifests/binding-cluster-dns.yml"),
    },
    BuiltIn {
        kind: "ClusterRoleBinding",
        namespace: "",
        name: "system:kube-apiserver",
        revision: 1,
        image: "",
        manifest: include_str!("../manifests/binding-kubelet-api.yml"),
    },
    BuiltIn {
        kind: "DaemonSet",
        namespace: "kube-system",
        name: "node-dns",
        revision: 4,
        image: "${unbound},${unbound_exporter}",
        manifest: include_str!("../manifests/daemon-set-node-dns.yml"),
    },
    BuiltIn {
        kind: "Deployment",
        namespace: "kube-system",
        name: "cluster-dns",
        revision: 5,
        image: "${coredns}",
        manifest: include_str!("../manifests/deployment-cluster-dns.yml"),
    },
    BuiltIn {
        kind: "PodDisruptionBudget",
        namespace: "kube-system",
        name: "cluster-dns-pdb",
        revision: 1,
        image: "",
        manifest: include_str!("../manifests/pdb-cluster-dns.yml"),
    },
    BuiltIn {
        kind: "Service",
        namespace: "kube-system",
        name: "cluster-dns",
        revision: 1,
        image: "",
        manifest: include_str!("../manifests/service-cluster-dns.yml"),
    },
];

/// What CKE brings, in the order of applying.
#[must_use]
pub fn built_in(images: &Images) -> Vec<ResourceDefinition> {
    let mut resources: Vec<_> = BUILT_IN.iter().map(|resource| resource.definition(images)).collect();
    sort(&mut resources);
    resources
}

impl BuiltIn {
    fn definition(&self, images: &Images) -> ResourceDefinition {
        let parts = [self.kind, self.namespace, self.name];
        let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        ResourceDefinition {
            key: parts.join("/"),
            kind: self.kind.to_owned(),
            namespace: self.namespace.to_owned(),
            name: self.name.to_owned(),
            revision: self.revision,
            image: with_images(self.image, images),
            rank: rank(self.kind, self.namespace),
            definition: with_images(self.manifest, images),
        }
    }
}

fn with_images(text: &str, images: &Images) -> String {
    text.replace("${coredns}", &images.coredns)
        .replace("${unbound}", &images.unbound)
        .replace("${unbound_exporter}", &images.unbound_exporter)
}

/// `resource-apply`: applies a resource on the server's side.
#[must_use]
pub fn apply(
    api_server: &str,
    resource: ResourceDefinition,
    force_conflicts: bool,
    trusted_mappings: Vec<TrustedRestMapping>,
) -> Operation {
    let target = format!("{}@{}", resource.key, resource.revision);
    let action = Action::KubeApply {
        api_server: api_server.to_owned(),
        resource,
        force_conflicts,
        trusted_mappings,
    };
    Operation {
        name: "resource-apply".to_owned(),
        targets: vec![api_server.to_owned()],
        steps: vec![step("apply-resource", target, action)],
    }
}
