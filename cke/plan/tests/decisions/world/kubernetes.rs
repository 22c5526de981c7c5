//! Objects of Kubernetes.

use super::World;
use cke_model::ResourceDefinition;
use cke_model::kubernetes::{KubeService, ResourceStatus};
use cke_model::names::kube;
use cke_model::observed::KubernetesStatus;
use cke_model::operation::Action;

impl World {
    pub(super) fn on_kubernetes(&mut self, action: &Action) {
        let seen = &mut self.site.observed.kubernetes;
        match action {
            Action::KubeWait { .. } => seen.control_plane_ready = true,
            Action::KubeRetaint { nodes, taints, .. } => {
                let these = seen.nodes.iter_mut().filter(|node| nodes.contains(&node.name));
                these.for_each(|node| node.taints.extend(taints.clone()));
            }
            Action::KubeUpdateNodes { nodes, .. } => {
                for wanted in nodes {
                    let node = seen.nodes.iter_mut().find(|node| node.name == wanted.name).unwrap();
                    node.labels.clone_from(&wanted.labels);
                    node.annotations.clone_from(&wanted.annotations);
                    node.taints.clone_from(&wanted.taints);
                }
            }
            Action::KubeRemoveNodes { names, .. } => seen.nodes.retain(|node| !names.contains(&node.name)),
            Action::KubePutEndpoints { endpoints, .. } if endpoints.name == kube::ETCD_SERVICE => {
                seen.etcd_endpoints = Some(endpoints.clone());
            }
            Action::KubePutEndpoints { endpoints, .. } => seen.master_endpoints = Some(endpoints.clone()),
            Action::KubePutEndpointSlice { slice, .. } if slice.name == kube::ETCD_SERVICE => {
                seen.etcd_endpoint_slice = Some(slice.clone());
            }
            Action::KubePutEndpointSlice { slice, .. } => seen.master_endpoint_slice = Some(slice.clone()),
            Action::KubePutEtcdService { .. } => seen.etcd_service = Some(headless()),
            Action::KubePutConfigMap { config_map, .. } if config_map.name == kube::CLUSTER_DNS => {
                seen.cluster_dns_config = Some(config_map.clone());
            }
            Action::KubePutConfigMap { config_map, .. } => seen.node_dns_config = Some(config_map.clone()),
            Action::KubeApply { resource, .. } => apply(seen, resource),
            Action::KubeUncordon { nodes, .. } => {
                for node in seen.nodes.iter_mut().filter(|node| nodes.contains(&node.name)) {
                    node.unschedulable = false;
                    node.annotations.remove(kube::REBOOT);
                }
            }
            other => panic!("no action on Kubernetes: {other:?}"),
        }
    }

    pub(super) fn cordon(&mut self, name: &str) {
        let nodes = &mut self.site.observed.kubernetes.nodes;
        for node in nodes.iter_mut().filter(|node| node.name == name) {
            node.unschedulable = true;
            node.annotations.insert(kube::REBOOT.to_owned(), "true".to_owned());
        }
    }
}

fn headless() -> KubeService {
    KubeService {
        service_type: "ClusterIP".to_owned(),
        cluster_ip: "None".to_owned(),
        ports: vec![2379],
        ..KubeService::default()
    }
}

fn apply(seen: &mut KubernetesStatus, resource: &ResourceDefinition) {
    let mut status = ResourceStatus {
        applied_by_cke: true,
        ..ResourceStatus::default()
    };
    status
        .annotations
        .insert(kube::REVISION.to_owned(), resource.revision.to_string());
    if !resource.image.is_empty() {
        status
            .annotations
            .insert(kube::IMAGE.to_owned(), resource.image.clone());
    }
    seen.resources.insert(resource.key.clone(), status);
    if resource.key == "Service/kube-system/cluster-dns" {
        seen.cluster_dns_ip = "10.0.0.53".to_owned();
    }
}
