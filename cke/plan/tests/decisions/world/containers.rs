//! Containers, volumes and files on nodes, and the members of etcd.

use super::World;
use cke_model::kubernetes::KubeNode;
use cke_model::names::{container, volume};
use cke_model::observed::{EtcdMember, NodeStatus, ServiceStatus};
use cke_model::operation::{Action, Content, NodeFile, RunContainer};
use serde_json::Value;

/// The container, and its health where it has one.
fn service<'n>(node: &'n mut NodeStatus, name: &str) -> (&'n mut ServiceStatus, Option<&'n mut bool>) {
    let component = match name {
        container::ETCD => return (&mut node.etcd.service, None),
        container::RIVERS => return (&mut node.rivers, None),
        container::ETCD_RIVERS => return (&mut node.etcd_rivers, None),
        container::API_SERVER => &mut node.api_server,
        container::CONTROLLER_MANAGER => &mut node.controller_manager,
        container::SCHEDULER => &mut node.scheduler,
        container::PROXY => &mut node.proxy,
        container::KUBELET => &mut node.kubelet,
        _ => panic!("a container that nobody knows: {name}"),
    };
    (&mut component.service, Some(&mut component.healthy))
}

fn stop(node: &mut NodeStatus, name: &str) {
    let (service, healthy) = service(node, name);
    *service = ServiceStatus::default();
    if let Some(healthy) = healthy {
        *healthy = false;
    }
}

/// All containers of a node end, as in a reboot.
pub(super) fn stop_all(node: &mut NodeStatus) {
    container::ALL.iter().for_each(|name| stop(node, name));
}

impl World {
    pub(super) fn on_nodes(&mut self, action: &Action) {
        match action {
            Action::WriteFiles { nodes, .. } => {
                for files in nodes {
                    let node = self.node(&files.node);
                    files.files.iter().for_each(|file| write(node, file));
                }
            }
            Action::RunContainer(run) => self.run_container(run),
            Action::StopContainer { nodes, name } | Action::KillContainer { nodes, name } => {
                nodes.iter().for_each(|node| stop(self.node(node), name));
            }
            Action::CreateVolume { nodes, name } => {
                nodes.iter().for_each(|node| set_volume(self.node(node), name, true))
            }
            Action::RemoveVolume { nodes, name } => {
                nodes.iter().for_each(|node| set_volume(self.node(node), name, false))
            }
            Action::WaitKubelet { nodes } => nodes.iter().for_each(|node| self.register(node)),
            Action::EtcdSetupAuth { .. } => self.form_etcd(),
            Action::EtcdWaitSync { .. } => self.sync_etcd(),
            Action::EtcdAddMember { address, container, .. } => {
                self.run_container(container);
                self.add_member(address);
            }
            Action::EtcdRemoveMembers { ids, .. } => {
                let etcd = &mut self.site.observed.etcd;
                etcd.members.retain(|_, member| !ids.contains(&member.id));
                let members = &etcd.members;
                etcd.in_sync.retain(|address| members.contains_key(address));
            }
            other => panic!("no action on nodes: {other:?}"),
        }
    }

    fn run_container(&mut self, run: &RunContainer) {
        for (address, on_node) in &run.nodes {
            let (service, healthy) = service(self.node(address), &run.name);
            if service.running && !run.restart {
                continue;
            }
            *service = ServiceStatus {
                running: true,
                image: run.image.clone(),
                built_in: on_node.built_in.clone(),
                extra: run.extra.clone(),
            };
            if let Some(healthy) = healthy {
                *healthy = true;
            }
        }
    }

    fn register(&mut self, address: &str) {
        self.node(address);
        let name = self.site.desired.cluster.node(address).unwrap().nodename().to_owned();
        let nodes = &mut self.site.observed.kubernetes.nodes;
        if let Some(node) = nodes.iter_mut().find(|node| node.name == name) {
            node.ready = true;
        } else {
            nodes.push(KubeNode {
                name,
                ready: true,
                ..KubeNode::default()
            });
        }
    }

    fn add_member(&mut self, address: &str) {
        let etcd = &mut self.site.observed.etcd;
        let id = etcd.members.values().map(|member| member.id).max().unwrap_or_default() + 1;
        let member = EtcdMember {
            id,
            name: address.to_owned(),
            peer_urls: vec![format!("https://{address}:2380")],
            ..EtcdMember::default()
        };
        etcd.members.insert(address.to_owned(), member);
        etcd.in_sync.insert(address.to_owned());
    }

    fn form_etcd(&mut self) {
        let nodes = self.site.observed.nodes.iter();
        let running: Vec<_> = nodes
            .filter(|(_, n)| n.etcd.service.running)
            .map(|(a, _)| a.clone())
            .collect();
        running.iter().for_each(|address| self.add_member(address));
        self.site.observed.etcd.healthy = true;
    }

    /// Members that run catch up.
    fn sync_etcd(&mut self) {
        let seen = &mut self.site.observed;
        let runs = |address: &String| {
            seen.nodes
                .get(address)
                .is_some_and(|n| n.ssh_connected && n.etcd.service.running)
        };
        seen.etcd.in_sync = seen
            .etcd
            .members
            .keys()
            .filter(|address| runs(address))
            .cloned()
            .collect();
        seen.etcd.healthy = seen.etcd.in_sync.len() * 2 > seen.etcd.members.len();
    }
}

fn set_volume(node: &mut NodeStatus, name: &str, there: bool) {
    if name == volume::ETCD_ADDED_MEMBER {
        node.etcd.is_added_member = there && node.etcd.has_data;
    } else {
        node.etcd.has_data = there;
    }
}

fn write(node: &mut NodeStatus, file: &NodeFile) {
    let Content::Text(text) = &file.content else { return };
    let config = match file.path.as_str() {
        "/etc/kubernetes/kubelet/config.yml" => &mut node.kubelet.config,
        "/etc/kubernetes/proxy/config.yml" => &mut node.proxy.config,
        "/etc/kubernetes/scheduler/config.yml" => &mut node.scheduler.config,
        _ => return,
    };
    *config = Some(config_of(text));
}

/// A configuration file as an observation has it.
pub(crate) fn config_of(text: &str) -> Value {
    let mut value: Value = serde_saphyr::from_str(text).unwrap();
    let object = value.as_object_mut().unwrap();
    object.remove("apiVersion");
    object.remove("kind");
    value
}
