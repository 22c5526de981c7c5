//! Figures of a decision over 1,000 to 10,000 nodes: nothing to do, everything outdated, a tenth unreachable, full queues.
//! And how the commands of a rolling change grow with the nodes. `cargo bench -p cke-plan` prints them, one a line.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a bench prints figures of its own making"
)]

#[path = "decide/rolling.rs"]
mod rolling;

use cke_component::rivers::{self, Rivers};
use cke_component::{
    Site, api_server, cluster_dns, controller_manager, endpoints, etcd, kubelet, node_dns, proxy, resources, scheduler,
};
use cke_model::kubernetes::{KubeNode, KubeService, ResourceStatus};
use cke_model::names::{CONFIG_VERSION, kube};
use cke_model::observed::{ComponentStatus, EtcdMember, NodeStatus, ServiceStatus};
use cke_model::{Budget, Cluster, Node, Observed, Phase, RebootEntry, ServiceParams};
use cke_plan::{Desired, decide};
use jiff::Timestamp;
use serde_json::Value;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Decisions of which the median is taken.
const RUNS: usize = 21;

fn main() {
    // Test runners start every target; only `cargo bench` asks for figures.
    if !std::env::args().any(|arg| arg == "--bench") {
        return;
    }
    for nodes in [1_000, 5_000, 10_000] {
        figures(nodes);
    }
    for nodes in [100, 1_000, 5_000] {
        rolling::print(nodes);
    }
}

fn figures(nodes: usize) {
    let desired = Desired::new(cluster(nodes));
    let complete = observe(&desired);
    print(nodes, "nothing to do", &desired, &complete, Phase::Completed);

    let mut upgraded = desired.clone();
    upgraded.images.tools = "tools:next".to_owned();
    print(nodes, "every rivers outdated", &upgraded, &complete, Phase::Rivers);

    let mut new_option = desired.clone();
    new_option.cluster.options.kubelet.in_place_update = true;
    new_option.cluster.options.kubelet.config = Some(serde_json::json!({ "containerLogMaxFiles": 9 }));
    print(nodes, "every kubelet outdated", &new_option, &complete, Phase::K8sStart);

    let mut lost = complete.clone();
    lost.nodes
        .values_mut()
        .step_by(10)
        .filter(|node| !node.api_server.healthy)
        .for_each(|node| node.ssh_connected = false);
    print(nodes, "a tenth unreachable", &desired, &lost, Phase::Completed);

    let mut queued = complete;
    queued.reboots.enabled = true;
    let entries = desired
        .cluster
        .nodes
        .iter()
        .zip(1..)
        .map(|(node, index): (_, i64)| RebootEntry {
            index: index.into(),
            ..RebootEntry::new(&node.address)
        });
    queued.reboots.entries = entries.collect();
    let mut rebooted = desired;
    rebooted.cluster.reboot.reboot_command = Some(vec!["reboot".to_owned()]);
    rebooted.cluster.reboot.boot_check_command = Some(vec!["true".to_owned()]);
    rebooted.controls.budget = Budget {
        per_rack: Some(1),
        cluster: Some(50),
        ..Budget::default()
    };
    print(
        nodes,
        "every node in the reboot queue, with a budget",
        &rebooted,
        &queued,
        Phase::RebootNodes,
    );
}

fn print(nodes: usize, what: &str, desired: &Desired, observed: &Observed, phase: Phase) {
    let mut times: Vec<Duration> = (0..RUNS).map(|_| time(desired, observed, phase)).collect();
    times.sort_unstable();
    let (best, median) = (times[0], times[RUNS / 2]);
    println!("decide, {nodes} nodes, {what}: {median:.2?} (best of {RUNS}: {best:.2?})");
}

fn time(desired: &Desired, observed: &Observed, phase: Phase) -> Duration {
    let start = Instant::now();
    let plan = black_box(decide(black_box(desired), black_box(observed), Timestamp::UNIX_EPOCH));
    let time = start.elapsed();
    assert_eq!(plan.phase, phase, "{:?}", plan.waits.first());
    time
}

fn cluster(nodes: usize) -> Cluster {
    let node = |i: usize| Node {
        address: format!("10.{}.{}.{}", i / 62_500, i / 250 % 250, i % 250 + 1),
        control_plane: i < 3,
        labels: Some([("topology.kubernetes.io/zone".to_owned(), format!("rack{}", i / 28))].into()),
        ..Node::default()
    };
    let mut cluster = Cluster {
        name: "bench".to_owned(),
        service_subnet: "10.68.0.0/16".to_owned(),
        nodes: (0..nodes).map(node).collect(),
        ..Cluster::default()
    };
    cluster.options.kubelet.cri_endpoint = "unix:///run/containerd/containerd.sock".to_owned();
    cluster
}

fn observe(desired: &Desired) -> Observed {
    let site = Site::new(&desired.cluster, &desired.images);
    let mut observed = Observed {
        config_version: CONFIG_VERSION.to_owned(),
        ..Observed::default()
    };
    for node in &desired.cluster.nodes {
        observed.nodes.insert(node.address.clone(), status(&site, node));
        observed.kubernetes.nodes.push(kube_node(node));
    }
    for (node, id) in site.control_planes.iter().zip(1..) {
        let member = EtcdMember {
            id,
            name: node.address.clone(),
            ..EtcdMember::default()
        };
        observed.etcd.members.insert(node.address.clone(), member);
        observed.etcd.in_sync.insert(node.address.clone());
    }
    observed.etcd.healthy = true;
    fill_kubernetes(&site, desired, &mut observed);
    observed
}

fn service(image: &str, built_in: ServiceParams) -> ServiceStatus {
    ServiceStatus {
        running: true,
        image: image.to_owned(),
        built_in,
        ..ServiceStatus::default()
    }
}

fn component(site: &Site<'_>, built_in: ServiceParams, config: Option<Value>) -> ComponentStatus {
    ComponentStatus {
        service: service(&site.images.kubernetes, built_in),
        healthy: true,
        config,
        ..ComponentStatus::default()
    }
}

fn status(site: &Site<'_>, node: &Node) -> NodeStatus {
    let options = &site.cluster.options;
    let mut status = NodeStatus {
        ssh_connected: true,
        rivers: service(&site.images.tools, rivers::built_in(Rivers::Kubernetes, site)),
        kubelet: component(
            site,
            kubelet::built_in(&options.kubelet, node),
            Some(Value::Object(kubelet::config(&options.kubelet, &node.address, None))),
        ),
        proxy: component(
            site,
            proxy::built_in(),
            Some(Value::Object(proxy::config(&options.kube_proxy, node.nodename()))),
        ),
        ..NodeStatus::default()
    };
    if node.control_plane {
        status.etcd_rivers = service(&site.images.tools, rivers::built_in(Rivers::Etcd, site));
        status.etcd.service = service(&site.images.etcd, etcd::built_in(node));
        status.etcd.has_data = true;
        status.etcd.is_added_member = true;
        status.api_server = component(site, api_server::built_in(site, node), None);
        status.controller_manager = component(site, controller_manager::built_in(site), None);
        let config = Value::Object(scheduler::config(&options.kube_scheduler));
        status.scheduler = component(site, scheduler::built_in(), Some(config));
    }
    status
}

fn kube_node(node: &Node) -> KubeNode {
    let mut labels = node.labels.clone().unwrap_or_default();
    labels.extend((0..10).map(|i| (format!("example.com/label-{i}"), "value".to_owned())));
    labels.extend(node.control_plane.then(|| (kube::MASTER.to_owned(), "true".to_owned())));
    KubeNode {
        name: node.nodename().to_owned(),
        labels,
        ready: true,
        ..KubeNode::default()
    }
}

fn fill_kubernetes(site: &Site<'_>, desired: &Desired, observed: &mut Observed) {
    let addresses: Vec<_> = site.control_planes.iter().map(|node| node.address.clone()).collect();
    let seen = &mut observed.kubernetes;
    seen.control_plane_ready = true;
    let wanted = endpoints::kubernetes(addresses.clone(), Vec::new());
    (seen.master_endpoints, seen.master_endpoint_slice) = (Some(wanted.endpoints), Some(wanted.slice));
    let wanted = endpoints::etcd(addresses, Vec::new());
    (seen.etcd_endpoints, seen.etcd_endpoint_slice) = (Some(wanted.endpoints), Some(wanted.slice));
    seen.etcd_service = Some(KubeService {
        service_type: "ClusterIP".to_owned(),
        cluster_ip: "None".to_owned(),
        ports: vec![2379],
        ..KubeService::default()
    });
    seen.cluster_dns_config = Some(cluster_dns::wanted(&site.cluster_domain, &[]));
    seen.cluster_dns_ip = "10.68.0.10".to_owned();
    seen.node_dns_config = Some(node_dns::wanted("10.68.0.10", &site.cluster_domain, &[]));
    for resource in resources::built_in(&desired.images) {
        let mut status = ResourceStatus {
            applied_by_cke: true,
            ..ResourceStatus::default()
        };
        status
            .annotations
            .insert(kube::REVISION.to_owned(), resource.revision.to_string());
        status
            .annotations
            .insert(kube::IMAGE.to_owned(), resource.image.clone());
        seen.resources.insert(resource.key, status);
    }
}
