//! Actions on nodes: containers, volumes, files.

use super::{Done, Failure};
use crate::invariant;
use crate::machine::Data;
use crate::world::World;
use cke_model::names::{container, volume};
use cke_model::observed::{NodeStatus, ServiceStatus};
use cke_model::operation::{Content, NodeFile, NodeFiles, RunContainer};
use serde_json::Value;

/// Does something on each node that answers; fails when one did not, or did not answer.
pub(super) fn each(world: &mut World, nodes: &[String], mut action: impl FnMut(&mut World, &str) -> Done) -> Done {
    // Once in a while an action gets half way.
    let half = world.random.chance(3);
    let mut failed = half;
    for address in nodes.iter().take(if half { nodes.len() / 2 } else { nodes.len() }) {
        if !world.answers(address) {
            failed = true;
            continue;
        }
        match action(world, address) {
            Ok(()) => {}
            Err(Failure::Failed) => failed = true,
            broken => return broken,
        }
    }
    world.refresh_control();
    if failed { Err(Failure::Failed) } else { Ok(()) }
}

fn service<'a>(status: &'a mut NodeStatus, name: &str) -> Option<&'a mut ServiceStatus> {
    Some(match name {
        container::ETCD => &mut status.etcd.service,
        container::RIVERS => &mut status.rivers,
        container::ETCD_RIVERS => &mut status.etcd_rivers,
        container::API_SERVER => &mut status.api_server.service,
        container::CONTROLLER_MANAGER => &mut status.controller_manager.service,
        container::SCHEDULER => &mut status.scheduler.service,
        container::PROXY => &mut status.proxy.service,
        container::KUBELET => &mut status.kubelet.service,
        _ => return None,
    })
}

pub(super) fn run_container(world: &mut World, run: &RunContainer) -> Done {
    let nodes: Vec<_> = run.nodes.keys().cloned().collect();
    each(world, &nodes, |world, address| {
        let Some(on_node) = run.nodes.get(address) else {
            return Ok(());
        };
        world.change(address, |_, status| {
            let Some(service) = service(status, &run.name) else {
                return;
            };
            if service.running && !run.restart {
                return;
            }
            *service = ServiceStatus {
                running: true,
                image: run.image.clone(),
                built_in: on_node.built_in.clone(),
                extra: run.extra.clone(),
            };
        });
        match run.name.as_str() {
            container::ETCD => super::etcd::started(world, address),
            container::KUBELET => world.register(address),
            _ => {}
        }
        Ok(())
    })
}

/// Stops and removes a container.
pub(super) fn stop(world: &mut World, nodes: &[String], name: &str) -> Done {
    each(world, nodes, |world, address| {
        if name == container::API_SERVER {
            invariant::api_server_goes_down(world, address)?;
        }
        let serving = world.seen.etcd.healthy;
        world.change(address, |_, status| {
            if let Some(service) = service(status, name) {
                *service = ServiceStatus::default();
            }
        });
        world.refresh_control();
        Ok(invariant::quorum_is_kept(world, serving, name)?)
    })
}

pub(super) fn volume(world: &mut World, nodes: &[String], name: &str, create: bool) -> Done {
    each(world, nodes, |world, address| {
        world.change(address, |machine, _| match (name, create) {
            (volume::ETCD_ADDED_MEMBER, create) => machine.marked = create,
            (_, true) if machine.data == Data::None => machine.data = Data::Empty,
            (_, true) => {}
            (_, false) => machine.data = Data::None,
        });
        Ok(())
    })
}

pub(super) fn write_files(world: &mut World, nodes: &[NodeFiles]) -> Done {
    let addresses: Vec<_> = nodes.iter().map(|node| node.node.clone()).collect();
    each(world, &addresses, |world, address| {
        let files = nodes.iter().find(|node| node.node == *address);
        for file in files.into_iter().flat_map(|node| &node.files) {
            write_file(world, address, file);
        }
        Ok(())
    })
}

fn write_file(world: &mut World, address: &str, file: &NodeFile) {
    let Content::Text(text) = &file.content else { return };
    let component: fn(&mut NodeStatus) -> &mut Option<Value> = match file.path.as_str() {
        "/etc/kubernetes/kubelet/config.yml" => |status| &mut status.kubelet.config,
        "/etc/kubernetes/proxy/config.yml" => |status| &mut status.proxy.config,
        "/etc/kubernetes/scheduler/config.yml" => |status| &mut status.scheduler.config,
        _ => return,
    };
    let config = read(world, address, text);
    world.change(address, |_, status| *component(status) = config);
}

/// Reads a configuration file. Reading thousands that differ in an address only would take most of the time.
fn read(world: &mut World, address: &str, text: &str) -> Option<Value> {
    const PLACE: &str = "address-of-the-node";
    let common = text.replace(address, PLACE);
    if !world.files.contains_key(&common) {
        let mut parsed: Value = serde_saphyr::from_str(&common).ok()?;
        if let Value::Object(object) = &mut parsed {
            object.remove("apiVersion");
            object.remove("kind");
        }
        world.files.insert(common.clone(), parsed);
    }
    let mut config = world.files.get(&common)?.clone();
    put(&mut config, PLACE, address);
    Some(config)
}

fn put(value: &mut Value, place: &str, address: &str) {
    match value {
        Value::String(text) if text.contains(place) => *text = text.replace(place, address),
        Value::Array(items) => items.iter_mut().for_each(|item| put(item, place, address)),
        Value::Object(object) => object.values_mut().for_each(|item| put(item, place, address)),
        _ => {}
    }
}
