//! What happens to a cluster: failures, requests and changes.

use crate::machine::Data;
use crate::scenario::{MACHINE_TYPE, UNREACHABLE};
use crate::world::{Timer, World};
use cke_model::controls::Freeze;
use cke_model::kubernetes::Taint;
use cke_model::reboot::{RebootEntry, RebootStatus};
use cke_model::repair::RepairEntry;
use gojson::StringInt;

/// Something that happens, with how often it does compared with the others.
type Event = (u64, fn(&mut World));

const EVENTS: &[Event] = &[
    (180, crash),
    (100, cut),
    (190, kill),
    (60, spoil),
    (170, request_reboots),
    (20, cancel_reboot),
    (90, break_machine),
    (20, remove_repairs),
    (30, crash_control_plane),
    (15, lose_etcd_data),
    (35, change_labels),
    (20, replace_worker),
    (15, upgrade),
    (15, change_options),
    (20, freeze),
    (20, toggle_queues),
];

/// Lets one thing happen.
pub(crate) fn strike(world: &mut World) {
    let total = EVENTS.iter().map(|(weight, _)| weight).sum();
    let mut rest = world.random.below(total);
    for (weight, event) in EVENTS {
        match rest.checked_sub(*weight) {
            Some(left) => rest = left,
            None => return event(world),
        }
    }
}

fn some_worker(world: &mut World) -> Option<String> {
    let first = world.scenario.control_planes;
    let workers = world.desired.cluster.nodes.get(first..)?;
    world.random.pick(workers).map(|node| node.address.clone())
}

fn some_node(world: &mut World) -> Option<String> {
    world
        .random
        .pick(&world.desired.cluster.nodes)
        .map(|node| node.address.clone())
}

fn some_control_plane(world: &mut World) -> Option<String> {
    let planes = world.control_planes();
    world.random.pick(&planes).cloned()
}

/// A machine loses power, and boots again.
fn crash(world: &mut World) {
    let Some(address) = some_worker(world) else { return };
    crash_machine(world, &address);
}

fn crash_machine(world: &mut World, address: &str) {
    let seconds = world.random.seconds(60, 1200);
    world.power_off(address);
    world.down_by_us.remove(address);
    world.after(seconds, Timer::Boot(address.to_owned()));
}

fn crash_control_plane(world: &mut World) {
    let Some(address) = some_control_plane(world) else {
        return;
    };
    crash_machine(world, &address);
}

/// A machine cannot be reached for a while, and goes on.
fn cut(world: &mut World) {
    let Some(address) = some_node(world) else { return };
    let seconds = world.random.seconds(30, 900);
    world.down_by_us.remove(&address);
    world.change(&address, |machine, _| machine.linked = false);
    world.refresh_control();
    world.after(seconds, Timer::Heal(address));
}

/// A container dies.
fn kill(world: &mut World) {
    let Some(address) = some_node(world) else { return };
    let which = world.random.below(6);
    world.down_by_us.remove(&address);
    world.change(&address, |_, status| {
        let service = match which {
            0 => &mut status.rivers,
            1 => &mut status.proxy.service,
            2 => &mut status.kubelet.service,
            3 => &mut status.api_server.service,
            4 => &mut status.scheduler.service,
            _ => &mut status.etcd.service,
        };
        service.running = false;
    });
    world.refresh_control();
}

/// A configuration file is changed by hand, or lost.
fn spoil(world: &mut World) {
    let Some(address) = some_node(world) else { return };
    let (which, lost) = (world.random.below(3), world.random.chance(500));
    world.change(&address, |_, status| {
        let config = match which {
            0 => &mut status.kubelet.config,
            1 => &mut status.proxy.config,
            _ => &mut status.scheduler.config,
        };
        *config = (!lost).then(|| serde_json::json!({ "spoiled": true }));
    });
}

fn request_reboots(world: &mut World) {
    for _ in 0..world.random.below(5).saturating_add(1) {
        let Some(address) = some_node(world) else { return };
        world.last_index = world.last_index.saturating_add(1);
        let mut entry = RebootEntry::new(&address);
        entry.index = StringInt(world.last_index);
        world.seen.reboots.entries.push(entry);
    }
}

fn cancel_reboot(world: &mut World) {
    let indices: Vec<_> = world.seen.reboots.entries.iter().map(|entry| entry.index).collect();
    let Some(index) = world.random.pick(&indices).copied() else {
        return;
    };
    let entries = world.seen.reboots.entries.iter_mut();
    for entry in entries.filter(|entry| entry.index == index && entry.status == RebootStatus::Queued) {
        entry.status = RebootStatus::Cancelled;
    }
}

/// A machine dies for good; somebody asks for its repair.
fn break_machine(world: &mut World) {
    let Some(address) = some_node(world) else { return };
    world.power_off(&address);
    world.down_by_us.remove(&address);
    world.last_index = world.last_index.saturating_add(1);
    let known = world.random.chance(950);
    let kind = if known { MACHINE_TYPE } else { "unknown" };
    let mut entry = RepairEntry::new(UNREACHABLE, kind, &address, "");
    entry.index = StringInt(world.last_index);
    entry.last_transition_time = world.stamp();
    world.seen.repairs.entries.push(entry);
}

/// Somebody clears the list of repairs.
fn remove_repairs(world: &mut World) {
    world
        .seen
        .repairs
        .entries
        .iter_mut()
        .for_each(|entry| entry.deleted |= entry.has_finished());
}

/// A control plane's disk is replaced.
fn lose_etcd_data(world: &mut World) {
    let Some(address) = some_control_plane(world) else {
        return;
    };
    let etcd = &world.seen.etcd;
    // Without a quorum only a backup helps, and that is a person's work.
    if etcd.in_sync.len() < etcd.members.len() || etcd.members.len() < 3 {
        return;
    }
    world.down_by_us.remove(&address);
    world.change(&address, |machine, status| {
        machine.data = Data::None;
        machine.marked = false;
        status.etcd.service = Default::default();
    });
    world.refresh_control();
}

fn change_labels(world: &mut World) {
    let value = world.random.below(1000).to_string();
    let evict = world.random.chance(100);
    let nodes = &mut world.desired.cluster.nodes;
    let index = usize::try_from(world.random.below(u64::try_from(nodes.len()).unwrap_or(0))).unwrap_or(0);
    if let Some(node) = nodes.get_mut(index) {
        node.labels.get_or_insert_default().insert("changed".to_owned(), value);
        let taint = Taint {
            key: "maintenance".to_owned(),
            effect: "NoExecute".to_owned(),
            ..Taint::default()
        };
        node.taints = evict.then(|| vec![taint]);
    }
}

/// A worker leaves the cluster, and another joins.
fn replace_worker(world: &mut World) {
    let Some(address) = some_worker(world) else { return };
    world.desired.cluster.nodes.retain(|node| node.address != address);
    world.machines.remove(&address);
    world.seen.nodes.remove(&address);
    if let Some(node) = world.kube(&address) {
        node.ready = false;
    }
    let node = world.scenario.node(world.last_node);
    world.last_node = world.last_node.saturating_add(1);
    world.add_machine(&node.address);
    world.desired.cluster.nodes.push(node);
}

/// A new version of one of the images.
fn upgrade(world: &mut World) {
    let version = world.random.below(100_000);
    let images = &mut world.desired.images;
    match world.random.below(4) {
        0 => images.etcd = format!("etcd:{version}"),
        1 => images.tools = format!("tools:{version}"),
        2 => images.coredns = format!("coredns:{version}"),
        _ => images.kubernetes = format!("kubernetes:{version}"),
    }
}

fn change_options(world: &mut World) {
    let verbosity = Some(vec![format!("--v={}", world.random.below(10))]);
    let options = &mut world.desired.cluster.options;
    match world.random.below(6) {
        0 => options.etcd.extra_args = verbosity,
        1 => options.kube_api.extra_args = verbosity,
        2 => options.kubelet.extra_args = verbosity,
        3 => options.kube_proxy.disable ^= true,
        4 => options.rivers.extra_args = verbosity,
        _ => options.kube_scheduler.extra_args = verbosity,
    }
}

/// Somebody pulls the brake, and lets it go later.
fn freeze(world: &mut World) {
    let seconds = world.random.seconds(60, 1800);
    world.desired.controls.frozen = Some(Freeze {
        by: "somebody".to_owned(),
        since: world.stamp(),
        ..Freeze::default()
    });
    world.after(seconds, Timer::Thaw);
}

fn toggle_queues(world: &mut World) {
    if world.random.chance(500) {
        world.seen.reboots.enabled ^= true;
    } else {
        world.seen.repairs.enabled ^= true;
    }
}
