//! Every operation for a sample cluster, as golden files and against the catalog.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use cke_component::rivers::{self, Rivers};
use cke_component::*;
use cke_model::cluster::{RepairOperation, RepairStep};
use cke_model::observed::{EtcdMember, Observed};
use cke_model::operation::NodeAttributes;
use cke_model::{Cluster, Images, Operation, Phase, RebootEntry, RepairEntry};
use serde_json::json;
use std::collections::BTreeSet;
use testkit::golden;

const SAMPLE: &str = include_str!("data/sample.yml");

fn sample() -> Cluster {
    let (cluster, warnings) = Cluster::parse(SAMPLE).unwrap();
    assert_eq!(warnings, Vec::<String>::new());
    cluster
}

fn of_nodes(site: &Site<'_>) -> Vec<Operation> {
    let nodes: Vec<_> = site.cluster.nodes.iter().collect();
    let (planes, workers) = (&site.control_planes, &nodes[3..]);
    let mut observed = Observed::default();
    let kubelet_config = json!({ "cgroupDriver": "cgroupfs", "maxPods": 10 });
    observed
        .nodes
        .entry(nodes[0].address.clone())
        .or_default()
        .kubelet
        .config = Some(kubelet_config);
    observed
        .nodes
        .entry(nodes[0].address.clone())
        .or_default()
        .etcd
        .has_data = true;
    let api_server = &planes[0].address;
    vec![
        upgrade::upgrade(site, "1", &observed),
        rivers::boot(Rivers::Kubernetes, site, &nodes),
        rivers::restart(Rivers::Kubernetes, site, &nodes),
        rivers::boot(Rivers::Etcd, site, planes),
        rivers::restart(Rivers::Etcd, site, planes),
        api_server::restart(site, planes),
        controller_manager::boot(site, planes),
        controller_manager::restart(site, planes),
        scheduler::boot(site, planes),
        scheduler::restart(site, planes),
        kubelet::boot(site, &nodes[..2], &nodes[..1], api_server, &observed),
        kubelet::restart(site, &nodes[..2], &observed),
        proxy::boot(site, &nodes),
        proxy::restart(site, &nodes),
        proxy::stop(workers),
        api_server::stop(workers),
        controller_manager::stop(workers),
        scheduler::stop(workers),
        etcd::stop(workers),
        rivers::stop(Rivers::Etcd, workers),
    ]
}

fn of_etcd(site: &Site<'_>) -> Vec<Operation> {
    let nodes: Vec<_> = site.cluster.nodes.iter().collect();
    let member = |id, name: &str| EtcdMember {
        id,
        name: name.to_owned(),
        peer_urls: vec!["https://10.0.0.9:2380".to_owned()],
        ..EtcdMember::default()
    };
    let unreadable = EtcdMember {
        id: 13,
        ..EtcdMember::default()
    };
    let members = [member(11, "10.0.0.8"), member(12, ""), unreadable];
    let members: Vec<_> = members.iter().collect();
    vec![
        etcd::boot(site),
        etcd::start(site, &nodes[..2]),
        etcd::wait_cluster(site),
        etcd::add_member(site, nodes[2]),
        etcd::remove_members(site, &members),
        etcd::destroy_members(site, &nodes[3..], &members[..1]),
        etcd::mark_members(site, &nodes[..3], true),
        etcd::restart(site, nodes[1]),
    ]
}

fn of_kubernetes(site: &Site<'_>) -> Vec<Operation> {
    let api_server = "10.0.0.1";
    let resource = resources::built_in(site.images).remove(0);
    let upstreams = dns::upstreams(site.cluster, None);
    let cluster_dns = cluster_dns::wanted(&site.cluster_domain, &upstreams);
    let node_dns = node_dns::wanted("10.68.0.10", &site.cluster_domain, &upstreams);
    let node = NodeAttributes {
        name: "worker-1".to_owned(),
        ..NodeAttributes::default()
    };
    let mut operations = vec![
        nodes::wait(api_server),
        resources::apply(api_server, resource, true, Vec::new()),
        cluster_dns::create_config_map(api_server, cluster_dns.clone()),
        cluster_dns::update_config_map(api_server, cluster_dns),
        node_dns::create_config_map(api_server, node_dns.clone()),
        node_dns::update_config_map(api_server, node_dns),
        endpoints::put_etcd_service(api_server, true),
        endpoints::put_etcd_service(api_server, false),
        nodes::update(api_server, vec![node]),
        nodes::remove(api_server, vec!["gone-1".to_owned(), "gone-2".to_owned()]),
        nodes::uncordon(api_server, vec!["worker-1".to_owned()]),
    ];
    let ready = vec!["10.0.0.2".to_owned(), "10.0.0.1".to_owned()];
    let not_ready = vec!["10.0.0.3".to_owned()];
    let wanted = [
        endpoints::kubernetes(ready.clone(), not_ready.clone()),
        endpoints::etcd(ready, not_ready),
    ];
    for wanted in wanted {
        let (endpoints, slice) = (Default::default(), Default::default());
        operations.extend(wanted.clone().operations(api_server, Some(&endpoints), Some(&slice)));
        let present = wanted.clone();
        assert_eq!(
            wanted
                .clone()
                .operations(api_server, Some(&present.endpoints), Some(&present.slice)),
            []
        );
        operations.extend(wanted.operations(api_server, None, None));
    }
    operations
}

fn of_queues(site: &Site<'_>) -> Vec<Operation> {
    let entry = RebootEntry {
        node: "10.0.0.4".to_owned(),
        ..RebootEntry::default()
    };
    let entries = || vec![entry.clone()];
    let policy = &site.cluster.reboot;
    let repair = RepairEntry {
        address: "10.0.0.5".to_owned(),
        ..RepairEntry::default()
    };
    let declared: RepairOperation =
        serde_json::from_value(json!({ "operation": "unreachable", "success_command": ["thank"] })).unwrap();
    let step: RepairStep =
        serde_json::from_value(json!({ "repair_command": ["power", "cycle"], "command_retries": 2 })).unwrap();
    vec![
        reboot::cancel(entries()),
        reboot::dequeue(entries()),
        reboot::drain_start("10.0.0.1", entries(), policy),
        reboot::delete_daemon_set_pods("10.0.0.1", entries(), policy),
        reboot::reboot("10.0.0.1", entries(), policy),
        reboot::drain_timeout(entries()),
        reboot::give_up(entries()),
        reboot::boot_timeout(entries()),
        repair::drain_start("10.0.0.1", repair.clone(), &site.cluster.repair),
        repair::drain_timeout(repair.clone()),
        repair::execute(repair.clone(), &step),
        repair::finish(repair.clone(), true, Some(&declared)),
        repair::dequeue(repair),
    ]
}

fn all(site: &Site<'_>) -> Vec<Operation> {
    [of_nodes(site), of_etcd(site), of_kubernetes(site), of_queues(site)].concat()
}

#[test]
fn operations_are_as_they_were() {
    let (cluster, images) = (sample(), Images::default());
    for operation in all(&Site::new(&cluster, &images)) {
        let text = serde_json::to_string_pretty(&operation).unwrap();
        golden!(format!("tests/golden/operations/{}.json", operation.name), text + "\n");
    }
}

#[test]
fn every_operation_is_in_the_catalog_with_its_steps() {
    let (cluster, images) = (sample(), Images::default());
    let operations = all(&Site::new(&cluster, &images));
    for operation in &operations {
        let entry = catalog::find(&operation.name).unwrap_or_else(|| panic!("{} is missing", operation.name));
        let steps: Vec<_> = operation.steps.iter().map(|step| step.name.as_str()).collect();
        assert_eq!(steps, entry.steps, "{}", operation.name);
    }
    let built: BTreeSet<_> = operations.iter().map(|operation| operation.name.as_str()).collect();
    let listed: BTreeSet<_> = catalog::OPERATIONS.iter().map(|entry| entry.name).collect();
    assert_eq!(built, listed);
    assert_eq!(listed.len(), catalog::OPERATIONS.len(), "each is listed once");
}

/// A plan goes through JSON: to `ckecli plan`, to golden files, to the simulator.
#[test]
fn operations_survive_json() {
    let (cluster, images) = (sample(), Images::default());
    for operation in all(&Site::new(&cluster, &images)) {
        let text = serde_json::to_string(&operation).unwrap();
        assert_eq!(serde_json::from_str::<Operation>(&text).unwrap(), operation);
    }
}

#[test]
fn steps_that_a_cluster_does_not_need_are_left_out() {
    let mut cluster = sample();
    let images = Images::default();
    cluster.options.kubelet.boot_taints = None;
    cluster.options.kubelet.cni_conf_file = Default::default();
    cluster.options.kubelet.cri_endpoint = String::new();
    cluster.options.kube_api.audit_log_enabled = false;
    let site = Site::new(&cluster, &images);
    let nodes: Vec<_> = cluster.nodes.iter().collect();
    let boot = kubelet::boot(&site, &nodes, &nodes, "10.0.0.1", &Observed::default());
    let steps: Vec<_> = boot.steps.iter().map(|step| step.name.as_str()).collect();
    let expected = [
        "image-pull",
        "make-dirs",
        "make-files",
        "install-cni",
        "run-container",
        "wait-for-kubelet-ready",
    ];
    assert_eq!(steps, expected);
    let args = kubelet::built_in(&cluster.options.kubelet, nodes[0])
        .extra_args
        .unwrap();
    assert_eq!(args.len(), 4, "{args:?}");
    let args = api_server::built_in(&site, nodes[0]).extra_args.unwrap();
    assert!(args.iter().all(|arg| !arg.starts_with("--audit")), "{args:?}");
    assert!(
        api_server::files(&site, nodes[0])
            .iter()
            .all(|file| !file.path.contains("audit"))
    );
    // A version that this one does not know is not upgraded from.
    assert_eq!(upgrade::upgrade(&site, "7", &Observed::default()).steps, []);
}

#[test]
fn a_joining_member_is_told_all_peers() {
    let cluster = sample();
    let peers = ["10.0.0.1=https://10.0.0.1:2380", "10.0.0.3=https://10.0.0.3:2380"].map(str::to_owned);
    let node = &cluster.nodes[2];
    let joining = etcd::joining(etcd::built_in(node), &node.address, &peers);
    let args = joining.extra_args.clone().unwrap();
    let initial: Vec<_> = args.iter().filter(|arg| arg.starts_with("--initial-")).collect();
    let expected = [
        "--initial-advertise-peer-urls=https://10.0.0.3:2380",
        "--initial-cluster=10.0.0.1=https://10.0.0.1:2380,10.0.0.3=https://10.0.0.3:2380",
        "--initial-cluster-token=cke",
        "--initial-cluster-state=existing",
    ];
    assert_eq!(initial, expected);
    assert!(
        etcd::same_params(&etcd::built_in(node), &joining),
        "and is not restarted for it"
    );
    assert!(
        args.iter().all(|arg| !arg.starts_with("--auto-compaction")),
        "the API server compacts"
    );
}

#[test]
fn phases_are_asked_in_the_order_of_the_catalog() {
    let mut seen: Vec<Phase> = Vec::new();
    for entry in catalog::OPERATIONS {
        if seen.last() != Some(&entry.phase) {
            assert!(!seen.contains(&entry.phase), "{} comes back", entry.phase);
            seen.push(entry.phase);
        }
    }
}
