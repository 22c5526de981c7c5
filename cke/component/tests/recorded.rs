//! A cluster that CKE 1.35.4 built, as it was recorded: what ours would build must equal it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use cke_component::drift::Wanted;
use cke_component::rivers::{self, Rivers};
use cke_component::{Site, api_server, config, controller_manager, etcd, kubelet, proxy, scheduler};
use cke_model::observed::{ComponentStatus, ServiceStatus};
use cke_model::operation::{Action, Content, NodeFile};
use cke_model::service::{ContainerLabel, LABEL};
use cke_model::{Cluster, Images, Node, Observed, Operation};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors/cke-cluster.json");

struct Recording {
    vectors: Value,
    cluster: Cluster,
    images: Images,
}

impl Recording {
    fn read() -> Self {
        let text = std::fs::read_to_string(VECTORS).expect(VECTORS);
        let vectors: Value = serde_json::from_str(&text).unwrap();
        let keys = vectors["etcd"].as_array().unwrap();
        let cluster = keys.iter().find(|entry| entry["key"] == "/cke/cluster").unwrap();
        let cluster = serde_json::from_str(cluster["text"].as_str().unwrap()).unwrap();
        Self {
            vectors,
            cluster,
            images: Images::default(),
        }
    }

    /// Nodes with their records: `10.99.0.101` is `n101`.
    fn nodes(&self) -> Vec<(&Node, &Value)> {
        let record = |node: &Node| format!("n{}", node.address.rsplit('.').next().unwrap());
        let nodes: Vec<_> = self.cluster.nodes.iter().collect();
        nodes
            .into_iter()
            .map(|node| (node, &self.vectors["nodes"][record(node)]))
            .collect()
    }

    /// The operations that built the nodes.
    fn operations(&self, site: &Site<'_>) -> Vec<Operation> {
        let nodes: Vec<_> = self.cluster.nodes.iter().collect();
        let planes = site.control_planes.clone();
        let observed = Observed::default();
        vec![
            rivers::boot(Rivers::Kubernetes, site, &nodes),
            rivers::boot(Rivers::Etcd, site, &planes),
            etcd::boot(site),
            api_server::restart(site, &planes),
            controller_manager::boot(site, &planes),
            scheduler::boot(site, &planes),
            kubelet::boot(site, &nodes, &[], &planes[0].address, &observed),
            proxy::boot(site, &nodes),
        ]
    }
}

fn file_text<'a>(record: &'a Value, path: &str) -> Option<&'a str> {
    let files = record["files"].as_array().unwrap();
    files.iter().find(|file| file["path"] == path)?["text"].as_str()
}

fn yaml(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

/// What `docker inspect` shows of a container with these options.
fn host_config(options: &[String]) -> Value {
    let mut shown = json!({ "Privileged": false, "PidMode": "", "Tmpfs": null, "Mounts": null });
    let mut options = options.iter().map(String::as_str);
    while let Some(option) = options.next() {
        match option.split_once('=') {
            None if option == "--privileged" => shown["Privileged"] = true.into(),
            Some(("--pid", mode)) => shown["PidMode"] = mode.into(),
            Some(("--tmpfs", path)) => shown["Tmpfs"] = json!({ path: "" }),
            None if option == "--mount" => shown["Mounts"] = json!([mount(options.next().unwrap())]),
            _ => panic!("an option that the test does not know: {option}"),
        }
    }
    shown
}

fn mount(text: &str) -> Value {
    let mut shown = serde_json::Map::new();
    for (name, value) in text.split(',').map(|part| part.split_once('=').unwrap()) {
        let name = match name {
            "type" => "Type",
            "src" => "Source",
            "dst" => "Target",
            _ => panic!("a part of a mount that the test does not know: {name}"),
        };
        shown.insert(name.to_owned(), value.into());
    }
    Value::Object(shown)
}

fn binds(label: &ContainerLabel) -> BTreeSet<String> {
    let all = [&label.builtin, &label.extra_params].map(|params| params.extra_binds.clone().unwrap_or_default());
    let shown = all.concat().into_iter().map(|bind| {
        let mode = if bind.read_only { "ro" } else { "rw" };
        let modes: Vec<_> = [mode, &bind.propagation]
            .into_iter()
            .filter(|m| !m.is_empty())
            .collect();
        format!("{}:{}:{}", bind.source, bind.destination, modes.join(","))
    });
    shown.collect()
}

fn strings(value: &Value) -> Vec<String> {
    let list = value.as_array().cloned().unwrap_or_default();
    list.iter().map(|item| item.as_str().unwrap().to_owned()).collect()
}

#[test]
fn containers_are_run_as_the_original_ran_them() {
    let recording = Recording::read();
    let site = Site::new(&recording.cluster, &recording.images);
    let mut checked = 0;
    for operation in recording.operations(&site) {
        for step in &operation.steps {
            let Action::RunContainer(run) = &step.action else {
                continue;
            };
            for (address, on_node) in &run.nodes {
                let (_, record) = recording
                    .nodes()
                    .into_iter()
                    .find(|(n, _)| n.address == *address)
                    .unwrap();
                let containers = record["containers"].as_array().unwrap();
                let name = format!("/{}", run.name);
                let container = containers.iter().find(|c| c["Name"] == *name).unwrap();
                let label = ContainerLabel {
                    builtin: on_node.built_in.clone(),
                    extra_params: run.extra.clone(),
                    ..ContainerLabel::default()
                };
                let at = format!("{name} on {address}");
                assert_eq!(container["Image"], run.image, "{at}");
                let recorded = container["Labels"][LABEL].as_str().unwrap();
                assert_eq!(gojson::to_go_string(&label).unwrap(), recorded, "{at}");
                let args = [&label.builtin, &label.extra_params].map(|p| p.extra_args.clone().unwrap_or_default());
                assert_eq!(strings(&container["Cmd"]), args.concat(), "{at}");
                let host = &container["HostConfig"];
                let recorded: BTreeSet<_> = strings(&host["Binds"]).into_iter().collect();
                assert_eq!(recorded, binds(&label), "{at}");
                for (name, shown) in host_config(&on_node.options).as_object().unwrap() {
                    assert_eq!(&host[name], shown, "{name} of {at}");
                }
                checked += 1;
            }
        }
    }
    let recorded: usize = recording
        .nodes()
        .iter()
        .map(|(_, r)| r["containers"].as_array().unwrap().len())
        .sum();
    assert_eq!(checked, recorded, "every recorded container is built");
}

/// What a file of ours must hold to mean the same as the recorded one.
fn compare_file(at: &str, file: &NodeFile, record: &Value) {
    let recorded = |path: &str| file_text(record, path).unwrap_or_else(|| panic!("{path} is not recorded: {at}"));
    match &file.content {
        Content::Text(text) => compare_text(at, &file.path, text, recorded(&file.path)),
        Content::Ca(_) => assert!(recorded(&file.path).contains("BEGIN CERTIFICATE"), "{at}"),
        Content::KeyPair(_) | Content::ServiceAccountKeyPair => {
            assert!(
                recorded(&format!("{}.crt", file.path)).contains("BEGIN CERTIFICATE"),
                "{at}"
            );
            assert!(recorded(&format!("{}.key", file.path)).contains("PRIVATE KEY"), "{at}");
        }
        Content::ServiceAccountKey => assert!(recorded(&file.path).contains("PRIVATE KEY"), "{at}"),
        Content::Kubeconfig {
            cluster, user, server, ..
        } => {
            let recorded = yaml(recorded(&file.path));
            assert_eq!(recorded["clusters"][0]["name"], **cluster, "{at}");
            assert_eq!(recorded["clusters"][0]["cluster"]["server"], **server, "{at}");
            assert_eq!(recorded["users"][0]["name"], **user, "{at}");
        }
        Content::EncryptionConfiguration => {
            assert_eq!(yaml(recorded(&file.path))["kind"], "EncryptionConfiguration", "{at}");
        }
    }
}

fn compare_text(at: &str, path: &str, ours: &str, recorded: &str) {
    let (ours, recorded) = (yaml(ours), yaml(recorded));
    let fields = match ours["kind"].as_str().unwrap() {
        "KubeletConfiguration" => config::KUBELET,
        "KubeProxyConfiguration" => config::PROXY,
        "KubeSchedulerConfiguration" => config::SCHEDULER,
        _ => return assert_eq!(ours, recorded, "{path}: {at}"),
    };
    assert_eq!(ours["apiVersion"], recorded["apiVersion"]);
    let (ours, recorded) = (ours.as_object().unwrap(), recorded.as_object().unwrap());
    assert!(
        config::same(fields.fields, ours, recorded),
        "{path}: {at}\n{ours:?}\n{recorded:?}"
    );
}

#[test]
fn files_mean_what_the_original_wrote() {
    let recording = Recording::read();
    let site = Site::new(&recording.cluster, &recording.images);
    let mut written: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let operations = recording.operations(&site);
    for operation in &operations {
        for step in &operation.steps {
            let Action::WriteFiles { nodes, .. } = &step.action else {
                continue;
            };
            for node in nodes {
                let (_, record) = recording
                    .nodes()
                    .into_iter()
                    .find(|(n, _)| n.address == node.node)
                    .unwrap();
                for file in &node.files {
                    compare_file(&format!("{} on {}", file.path, node.node), file, record);
                }
                let names = step.target.split(',').map(str::to_owned);
                written.entry(&node.node).or_default().extend(names);
            }
        }
    }
    for (node, record) in recording.nodes() {
        let files = record["files"].as_array().unwrap();
        let recorded: BTreeSet<_> = files
            .iter()
            .map(|file| file["path"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(written[node.address.as_str()], recorded, "{}", node.address);
    }
}

fn service(record: &Value, name: &str) -> ServiceStatus {
    let containers = record["containers"].as_array().unwrap();
    let container = containers.iter().find(|c| c["Name"] == format!("/{name}")).unwrap();
    let label: ContainerLabel = serde_json::from_str(container["Labels"][LABEL].as_str().unwrap()).unwrap();
    ServiceStatus {
        running: true,
        image: container["Image"].as_str().unwrap().to_owned(),
        built_in: label.builtin,
        extra: label.extra_params,
    }
}

fn component(record: &Value, name: &str, config: Option<&str>) -> ComponentStatus {
    let config = config.map(|path| {
        let mut config = yaml(file_text(record, path).unwrap());
        config
            .as_object_mut()
            .unwrap()
            .retain(|name, _| name != "apiVersion" && name != "kind");
        config
    });
    ComponentStatus {
        service: service(record, name),
        healthy: true,
        config,
        ..ComponentStatus::default()
    }
}

#[test]
fn nothing_has_drifted() {
    let recording = Recording::read();
    let site = Site::new(&recording.cluster, &recording.images);
    let wanted = Wanted::new(&site);
    for (node, record) in recording.nodes() {
        assert_eq!(wanted.rivers(Rivers::Kubernetes, &service(record, "rivers")), None);
        let status = component(record, "kubelet", Some("/etc/kubernetes/kubelet/config.yml"));
        assert_eq!(wanted.kubelet(node, &status), None);
        let status = component(record, "kube-proxy", Some("/etc/kubernetes/proxy/config.yml"));
        assert_eq!(wanted.proxy(node, &status), None);
        if !node.control_plane {
            continue;
        }
        assert_eq!(wanted.rivers(Rivers::Etcd, &service(record, "etcd-rivers")), None);
        assert_eq!(wanted.etcd(node, &service(record, "etcd")), None);
        assert_eq!(wanted.api_server(node, &service(record, "kube-apiserver")), None);
        assert_eq!(
            wanted.controller_manager(&service(record, "kube-controller-manager")),
            None
        );
        let status = component(record, "kube-scheduler", Some("/etc/kubernetes/scheduler/config.yml"));
        assert_eq!(wanted.scheduler(&status), None);
    }
}

/// Names of operations, of their last steps, and targets.
#[test]
fn the_history_reads_as_the_original_wrote_it() {
    let recording = Recording::read();
    let site = Site::new(&recording.cluster, &recording.images);
    let keys = recording.vectors["etcd"].as_array().unwrap();
    let records: Vec<Value> = keys
        .iter()
        .filter(|entry| entry["key"].as_str().unwrap().starts_with("/cke/records/"))
        .map(|entry| serde_json::from_str(entry["text"].as_str().unwrap()).unwrap())
        .collect();
    let api_server = site.control_planes[0].address.clone();
    let mut operations = recording.operations(&site);
    operations.push(cke_component::upgrade::upgrade(&site, "1", &Observed::default()));
    for resource in cke_component::resources::built_in(&recording.images) {
        operations.push(cke_component::resources::apply(&api_server, resource, true, Vec::new()));
    }
    for wanted in [
        cke_component::endpoints::kubernetes(vec![api_server.clone()], Vec::new()),
        cke_component::endpoints::etcd(vec![api_server.clone()], Vec::new()),
    ] {
        operations.extend(wanted.operations(&api_server, None, None));
    }
    operations.push(cke_component::endpoints::put_etcd_service(&api_server, true));
    operations.push(cke_component::cluster_dns::create_config_map(
        &api_server,
        cke_component::cluster_dns::wanted(&site.cluster_domain, &[]),
    ));
    operations.push(cke_component::node_dns::create_config_map(
        &api_server,
        cke_component::node_dns::wanted("10.68.0.10", &site.cluster_domain, &[]),
    ));
    let node = cke_model::operation::NodeAttributes {
        name: api_server.clone(),
        ..Default::default()
    };
    operations.push(cke_component::nodes::update(&api_server, vec![node]));
    for record in &records {
        let found = operations.iter().any(|operation| {
            let last = operation.steps.last().unwrap();
            record["operation"] == operation.name
                && record["command"]["name"] == last.name
                && record["command"]["target"] == last.target
                && strings(&record["targets"]) == operation.targets
        });
        assert!(found, "no operation of ours is recorded as {record:#}");
    }
    assert_eq!(records.len(), 26);
    assert_eq!(operations.len(), records.len(), "and ours are no more");
}
