//! A cluster that CKE 1.35.4 built, as it was recorded: taken over, it needs nothing.

use crate::fixture::Site;
use crate::world::{World, config_of};
use cke_model::observed::{ComponentStatus, EtcdMember, NodeStatus, ServiceStatus};
use cke_model::service::{ContainerLabel, LABEL};
use cke_model::{Observed, Phase, Record};
use cke_plan::Desired;
use serde_json::Value;

const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors/cke-cluster.json");

/// What was recorded.
pub(crate) struct Recording {
    /// The nodes and CKE's etcd; Kubernetes itself was not recorded.
    pub(crate) site: Site,
    /// Names of the operations, the oldest first.
    pub(crate) history: Vec<String>,
}

pub(crate) fn read() -> Recording {
    let text = std::fs::read_to_string(VECTORS).expect(VECTORS);
    let recorded: Value = serde_json::from_str(&text).unwrap();
    let stored = |key: &str| {
        let entries = recorded["etcd"].as_array().unwrap();
        let entry = entries.iter().find(|entry| entry["key"] == key).unwrap();
        entry["text"].as_str().unwrap()
    };
    let mut desired = Desired::new(serde_json::from_str(stored("/cke/cluster")).unwrap());
    desired.constraints = serde_json::from_str(stored("/cke/constraints")).unwrap();
    let mut observed = Observed {
        config_version: stored("/cke/config-version").to_owned(),
        ..Observed::default()
    };
    observed.reboots.enabled = true;
    observed.repairs.enabled = true;
    for (i, node) in desired.cluster.nodes.iter().enumerate() {
        let name = format!("n{}", node.address.rsplit('.').next().unwrap());
        observed
            .nodes
            .insert(node.address.clone(), status(&recorded["nodes"][name]));
        if node.control_plane {
            let member = EtcdMember {
                id: i as u64 + 1,
                name: node.address.clone(),
                ..EtcdMember::default()
            };
            observed.etcd.members.insert(node.address.clone(), member);
            observed.etcd.in_sync.insert(node.address.clone());
            observed.etcd.healthy = true;
        }
    }
    Recording {
        site: Site { desired, observed },
        history: history(&recorded),
    }
}

fn history(recorded: &Value) -> Vec<String> {
    let entries = recorded["etcd"].as_array().unwrap().iter();
    let records = entries.filter(|entry| entry["key"].as_str().unwrap().starts_with("/cke/records/"));
    let records = records.map(|entry| serde_json::from_str::<Record>(entry["text"].as_str().unwrap()).unwrap());
    records.map(|record| record.operation).collect()
}

fn status(recorded: &Value) -> NodeStatus {
    let volume = |name: &str| recorded["docker"].as_array().unwrap().iter().any(|line| line == name);
    let mut node = NodeStatus {
        ssh_connected: true,
        rivers: service(recorded, "rivers"),
        etcd_rivers: service(recorded, "etcd-rivers"),
        api_server: component(recorded, "kube-apiserver", ""),
        controller_manager: component(recorded, "kube-controller-manager", ""),
        scheduler: component(recorded, "kube-scheduler", "/etc/kubernetes/scheduler/config.yml"),
        proxy: component(recorded, "kube-proxy", "/etc/kubernetes/proxy/config.yml"),
        kubelet: component(recorded, "kubelet", "/etc/kubernetes/kubelet/config.yml"),
        ..NodeStatus::default()
    };
    node.etcd.service = service(recorded, "etcd");
    node.etcd.has_data = volume("etcd-cke");
    node.etcd.is_added_member = node.etcd.has_data && volume("etcd-added-member");
    node
}

fn component(recorded: &Value, name: &str, path: &str) -> ComponentStatus {
    let service = service(recorded, name);
    let file = recorded["files"]
        .as_array()
        .unwrap()
        .iter()
        .find(|file| file["path"] == path);
    let config = file.map(|file| config_of(file["text"].as_str().unwrap()));
    ComponentStatus {
        healthy: service.running,
        service,
        config,
        ..ComponentStatus::default()
    }
}

/// From `docker inspect`; a container that was not recorded does not run.
fn service(recorded: &Value, name: &str) -> ServiceStatus {
    let containers = recorded["containers"].as_array().unwrap();
    let Some(container) = containers
        .iter()
        .find(|container| container["Name"] == format!("/{name}"))
    else {
        return ServiceStatus::default();
    };
    let label: ContainerLabel = serde_json::from_str(container["Labels"][LABEL].as_str().unwrap()).unwrap();
    ServiceStatus {
        running: container["State"]["Running"].as_bool().unwrap(),
        image: container["Image"].as_str().unwrap().to_owned(),
        built_in: label.builtin,
        extra: label.extra_params,
    }
}

/// No container is touched. What lies in Kubernetes was not recorded: it is made by the plans of this program, and then
/// nothing at all is left to do.
#[test]
fn a_cluster_of_the_original_needs_nothing() {
    let mut world = World::new(read().site);
    let nodes: Vec<_> = world
        .site
        .desired
        .cluster
        .nodes
        .iter()
        .map(|n| n.nodename().to_owned())
        .collect();
    world.site.observed.kubernetes.nodes = nodes
        .into_iter()
        .map(|name| cke_model::kubernetes::KubeNode {
            name,
            ready: true,
            ..Default::default()
        })
        .collect();
    let before = world.site.observed.nodes.clone();
    world.complete();
    assert_eq!(before, world.site.observed.nodes, "a node was touched");
    let touching = |name: &String| name.contains("bootstrap") || name.contains("restart") || name.starts_with("stop");
    assert!(!world.history.iter().any(touching), "{:?}", world.history);
    let plan = world.decide();
    assert_eq!(
        (plan.phase, plan.operations, plan.waits),
        (Phase::Completed, Vec::new(), Vec::new())
    );
}
