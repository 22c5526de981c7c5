//! Clusters that differ from a complete one in any way.

use crate::fixture::{NAMES, Site, now, repair};
use cke_model::observed::{EtcdMember, EtcdStatus, NodeStatus};
use cke_model::reboot::{RebootEntry, RebootStatus};
use cke_model::repair::{RepairEntry, RepairStatus, RepairStepStatus};
use cke_model::{Budget, Freeze, Node};
use gojson::{GoTime, StringInt};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

/// Something that is different from a complete cluster.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    NotSeen(usize),
    NotConnected(usize),
    Stopped(usize, usize),
    Outdated(usize, usize),
    Unhealthy(usize),
    NoConfig(usize),
    EtcdLost(usize),
    EtcdUnhealthy,
    Member(usize, bool, bool),
    OutOfSync(usize),
    NoKubeNode(usize),
    NotReady(usize),
    Cordoned(usize),
    Stranger,
    KubernetesUnknown,
    NoObjects,
    Reboot(RebootEntry, u8),
    Repair(RepairEntry, u8),
    Queues(bool, bool),
    Declared(usize, i64),
    Renamed(usize),
    Removed(usize),
    Promoted(usize),
    Budget(Option<i64>, Option<i64>),
    Frozen,
    ConfigVersion(String),
}

fn time() -> impl Strategy<Value = GoTime> {
    prop_oneof![
        Just(GoTime::ZERO),
        Just(GoTime::utc(Timestamp::MAX)),
        (-10_000i64..10_000).prop_map(|seconds| GoTime::utc(now() + SignedDuration::from_secs(seconds))),
    ]
}

fn number() -> impl Strategy<Value = i64> {
    prop_oneof![Just(i64::MIN), Just(i64::MAX), -2i64..700]
}

fn address() -> impl Strategy<Value = String> {
    prop_oneof![
        (0..6usize).prop_map(|i| NAMES[i].to_owned()),
        Just("10.9.9.9".to_owned()),
        Just(String::new())
    ]
}

fn reboot_entry() -> impl Strategy<Value = RebootEntry> {
    let statuses: Vec<_> = RebootStatus::ALL
        .iter()
        .cloned()
        .chain([RebootStatus::default()])
        .collect();
    (
        Just(0),
        address(),
        prop::sample::select(statuses),
        time(),
        number(),
        time(),
    )
        .prop_map(|(index, node, status, last, count, expire)| RebootEntry {
            index: StringInt(index),
            node,
            status,
            last_transition_time: last,
            drain_backoff_count: count,
            drain_backoff_expire: expire,
            ..RebootEntry::default()
        })
}

fn repair_entry() -> impl Strategy<Value = RepairEntry> {
    let statuses: Vec<_> = RepairStatus::ALL
        .iter()
        .cloned()
        .chain([RepairStatus::default()])
        .collect();
    let steps: Vec<_> = RepairStepStatus::ALL
        .iter()
        .cloned()
        .chain([RepairStepStatus::default()])
        .collect();
    let states = (
        prop::sample::select(statuses),
        prop::sample::select(steps),
        any::<bool>(),
    );
    (
        Just(0),
        address(),
        states,
        time(),
        number(),
        time(),
        prop::sample::select(vec!["op1", "noop"]),
    )
        .prop_map(
            |(index, address, (status, step_status, deleted), last, count, expire, operation)| RepairEntry {
                index: StringInt(index),
                address,
                status,
                step: count % 4,
                step_status,
                deleted,
                last_transition_time: last,
                drain_backoff_count: count,
                drain_backoff_expire: expire,
                operation: operation.to_owned(),
                ..repair(0)
            },
        )
}

pub(crate) fn change() -> impl Strategy<Value = Change> {
    let node = 0..6usize;
    let limit = prop::option::of(-1i64..4);
    prop_oneof![
        node.clone().prop_map(Change::NotSeen),
        node.clone().prop_map(Change::NotConnected),
        (node.clone(), 0..8usize).prop_map(|(i, program)| Change::Stopped(i, program)),
        (node.clone(), 0..8usize).prop_map(|(i, program)| Change::Outdated(i, program)),
        node.clone().prop_map(Change::Unhealthy),
        node.clone().prop_map(Change::NoConfig),
        node.clone().prop_map(Change::EtcdLost),
        Just(Change::EtcdUnhealthy),
        (0..8usize, any::<bool>(), any::<bool>()).prop_map(|(i, named, in_sync)| Change::Member(i, named, in_sync)),
        node.clone().prop_map(Change::OutOfSync),
        node.clone().prop_map(Change::NoKubeNode),
        node.clone().prop_map(Change::NotReady),
        node.clone().prop_map(Change::Cordoned),
        Just(Change::Stranger),
        Just(Change::KubernetesUnknown),
        Just(Change::NoObjects),
        (reboot_entry(), any::<u8>()).prop_map(|(entry, seen)| Change::Reboot(entry, seen)),
        (repair_entry(), any::<u8>()).prop_map(|(entry, seen)| Change::Repair(entry, seen)),
        (any::<bool>(), any::<bool>()).prop_map(|(reboots, repairs)| Change::Queues(reboots, repairs)),
        (0..7usize, number()).prop_map(|(option, value)| Change::Declared(option, value)),
        node.clone().prop_map(Change::Renamed),
        node.clone().prop_map(Change::Removed),
        node.prop_map(Change::Promoted),
        (limit.clone(), limit).prop_map(|(rack, cluster)| Change::Budget(rack, cluster)),
        Just(Change::Frozen),
        "[0-9]{0,2}".prop_map(Change::ConfigVersion),
    ]
}

/// The program of this number on a node.
fn program(node: &mut NodeStatus, number: usize) -> &mut cke_model::observed::ServiceStatus {
    match number {
        0 => &mut node.etcd.service,
        1 => &mut node.rivers,
        2 => &mut node.etcd_rivers,
        3 => &mut node.api_server.service,
        4 => &mut node.controller_manager.service,
        5 => &mut node.scheduler.service,
        6 => &mut node.proxy.service,
        _ => &mut node.kubelet.service,
    }
}

fn on_node(s: &mut Site, i: usize, change: impl Fn(&mut NodeStatus)) {
    if let Some(node) = s.observed.nodes.get_mut(NAMES[i]) {
        change(node);
    }
}

/// Makes a change.
pub(crate) fn apply(s: &mut Site, change: Change) {
    match change {
        Change::NotSeen(i) => drop(s.observed.nodes.remove(NAMES[i])),
        Change::NotConnected(i) => on_node(s, i, |node| node.ssh_connected = false),
        Change::Stopped(i, number) => on_node(s, i, |node| program(node, number).running = false),
        Change::Outdated(i, number) => on_node(s, i, |node| program(node, number).image = "old".to_owned()),
        Change::Unhealthy(i) => on_node(s, i, |node| node.api_server.healthy = false),
        Change::NoConfig(i) => on_node(s, i, |node| node.kubelet.config = None),
        Change::EtcdLost(i) => on_node(s, i, |node| node.etcd = EtcdStatus::default()),
        Change::EtcdUnhealthy => s.observed.etcd.healthy = false,
        Change::Member(i, named, in_sync) => add_member(s, i, named, in_sync),
        Change::OutOfSync(i) => drop(s.observed.etcd.in_sync.remove(NAMES[i])),
        other => apply_further(s, other),
    }
}

fn apply_further(s: &mut Site, change: Change) {
    let kube = &mut s.observed.kubernetes;
    match change {
        Change::NoKubeNode(i) => kube.nodes.retain(|node| node.name != NAMES[i]),
        Change::NotReady(i) => kube
            .nodes
            .iter_mut()
            .filter(|n| n.name == NAMES[i])
            .for_each(|n| n.ready = false),
        Change::Cordoned(i) if i < kube.nodes.len() => *s = s.clone().cordoned(i),
        Change::Stranger => kube.nodes.push(crate::fixture::kube_node("stranger", &[], &[], &[])),
        Change::KubernetesUnknown => kube.unknown_because = Some("it is a test".to_owned()),
        Change::NoObjects => *kube = cke_model::observed::KubernetesStatus::default(),
        Change::Reboot(entry, seen) => {
            let index = next(s.observed.reboots.entries.len());
            let entry = RebootEntry {
                index: StringInt(index),
                ..entry
            };
            s.observed.reboots.entries.push(entry);
            s.observed.reboots.drained.extend((seen & 1 > 0).then_some(index));
            s.observed.reboots.booted.extend((seen & 2 > 0).then_some(index));
        }
        Change::Repair(entry, seen) => {
            let index = StringInt(next(s.observed.repairs.entries.len()));
            let entry = RepairEntry { index, ..entry };
            let address = entry.address.clone();
            s.observed.repairs.entries.push(entry);
            s.observed
                .repairs
                .drained
                .extend((seen & 1 > 0).then(|| address.clone()));
            s.observed.repairs.healthy.extend((seen & 2 > 0).then_some(address));
        }
        Change::Queues(reboots, repairs) => {
            s.observed.reboots.enabled = reboots;
            s.observed.repairs.enabled = repairs;
        }
        other => declare(s, other),
    }
}

/// The index of one more entry.
fn next(entries: usize) -> i64 {
    i64::try_from(entries).unwrap() + 1
}

fn declare(s: &mut Site, change: Change) {
    let nodes = |s: &mut Site, i: usize, change: fn(&mut Node)| {
        s.cluster()
            .nodes
            .iter_mut()
            .filter(|n| n.address == NAMES[i])
            .for_each(change);
    };
    match change {
        Change::Declared(option, value) => set_option(s, option, value),
        Change::Renamed(i) => nodes(s, i, |node| node.hostname = format!("name-{}", node.address)),
        Change::Removed(i) => s.cluster().nodes.retain(|n| n.address != NAMES[i]),
        Change::Promoted(i) => nodes(s, i, |node| node.control_plane = !node.control_plane),
        Change::Budget(per_rack, cluster) => {
            s.desired.controls.budget = Budget {
                per_rack,
                cluster,
                ..Budget::default()
            };
        }
        Change::Frozen => s.desired.controls.frozen = Some(Freeze::default()),
        Change::ConfigVersion(version) => s.observed.config_version = version,
        _ => {}
    }
}

fn set_option(s: &mut Site, option: usize, value: i64) {
    let cluster = &mut s.desired.cluster;
    match option {
        0 => cluster.reboot.max_concurrent_reboots = Some(value),
        1 => cluster.reboot.eviction_timeout_seconds = Some(value),
        2 => cluster.reboot.command_timeout_seconds = Some(value),
        3 => cluster.repair.max_concurrent_repairs = Some(value),
        4 => cluster.repair.eviction_timeout_seconds = Some(value),
        5 => s.desired.constraints.reboot_maximum_unreachable = value,
        _ => s.desired.constraints.control_plane_count = value,
    }
}

fn add_member(s: &mut Site, i: usize, named: bool, in_sync: bool) {
    let address = NAMES
        .get(i)
        .map_or_else(|| format!("10.0.9.{i}"), |name| (*name).to_owned());
    let name = if named { address.clone() } else { String::new() };
    let member = EtcdMember {
        id: 50 + i as u64,
        name,
        ..EtcdMember::default()
    };
    s.observed.etcd.members.insert(address.clone(), member);
    s.observed.etcd.in_sync.extend(in_sync.then_some(address));
}
