//! Actions on objects of Kubernetes.

use super::{Done, Failure};
use crate::world::World;
use cke_model::Action;
use cke_model::ResourceDefinition;
use cke_model::kubernetes::{KubeService, ResourceStatus};
use cke_model::names::kube;

pub(super) fn apply(world: &mut World, action: &Action) -> Done {
    if !world.api_answers() || world.random.chance(2) {
        return Err(Failure::Failed);
    }
    world.changes = world.changes.wrapping_add(1);
    let seen = &mut world.seen.kubernetes;
    match action {
        Action::KubeWait { .. } => seen.control_plane_ready = true,
        Action::KubePutEndpoints { endpoints, .. } if endpoints.name == kube::ETCD_SERVICE => {
            seen.etcd_endpoints = Some(endpoints.clone());
        }
        Action::KubePutEndpoints { endpoints, .. } => seen.master_endpoints = Some(endpoints.clone()),
        Action::KubePutEndpointSlice { slice, .. } if slice.name == kube::ETCD_SERVICE => {
            seen.etcd_endpoint_slice = Some(slice.clone());
        }
        Action::KubePutEndpointSlice { slice, .. } => seen.master_endpoint_slice = Some(slice.clone()),
        Action::KubePutEtcdService { .. } => {
            seen.etcd_service = Some(KubeService {
                service_type: "ClusterIP".to_owned(),
                cluster_ip: "None".to_owned(),
                ports: vec![2379],
                ..KubeService::default()
            });
        }
        Action::KubePutConfigMap { config_map, .. } if config_map.name == kube::NODE_DNS => {
            seen.node_dns_config = Some(config_map.clone());
        }
        Action::KubePutConfigMap { config_map, .. } => seen.cluster_dns_config = Some(config_map.clone()),
        Action::KubeApply { resource, .. } => apply_resource(world, resource),
        other => nodes(world, other),
    }
    Ok(())
}

fn apply_resource(world: &mut World, resource: &ResourceDefinition) {
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
    if resource.kind == "Service" && resource.name == kube::CLUSTER_DNS {
        world.seen.kubernetes.cluster_dns_ip = "10.68.0.10".to_owned();
    }
    world.seen.kubernetes.resources.insert(resource.key.clone(), status);
}

fn nodes(world: &mut World, action: &Action) {
    match action {
        Action::KubeUpdateNodes { nodes, .. } => {
            for wanted in nodes {
                if let Some(node) = world.kube(&wanted.name) {
                    node.labels.clone_from(&wanted.labels);
                    node.annotations.clone_from(&wanted.annotations);
                    node.taints.clone_from(&wanted.taints);
                }
            }
        }
        Action::KubeRemoveNodes { names, .. } => names.iter().for_each(|name| world.remove_kube(name)),
        Action::KubeUncordon { nodes, .. } => {
            for name in nodes {
                if let Some(node) = world.kube(name) {
                    node.unschedulable = false;
                    node.annotations.remove(kube::REBOOT);
                }
            }
        }
        Action::KubeRetaint { nodes, taints, .. } => {
            for name in nodes {
                if let Some(node) = world.kube(name) {
                    node.taints
                        .retain(|old| taints.iter().all(|new| new.key != old.key || new.effect != old.effect));
                    node.taints.extend(taints.iter().cloned());
                }
            }
        }
        _ => {}
    }
}
