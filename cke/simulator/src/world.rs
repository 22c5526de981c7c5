//! The simulated world: what is wanted, what CKE sees, what it cannot see, and the time.

use crate::machine::{Data, Machine};
use crate::random::Random;
use crate::scenario::Scenario;
use cke_model::Observed;
use cke_model::kubernetes::KubeNode;
use cke_model::observed::NodeStatus;
use cke_model::reboot::RebootStatus;
use cke_model::repair::{RepairStatus, RepairStepStatus};
use cke_plan::Desired;
use gojson::GoTime;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Something that happens by itself at its time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    /// A machine boots.
    Boot(String),
    /// The network of a machine is there again.
    Heal(String),
    /// The brake is let go.
    Thaw,
}

/// The world.
pub(crate) struct World {
    pub(crate) scenario: Scenario,
    pub(crate) desired: Desired,
    /// What CKE sees. The status of a node that does not answer is what it is, but hidden by `ssh_connected`.
    pub(crate) seen: Observed,
    pub(crate) now: Timestamp,
    pub(crate) random: Random,
    pub(crate) machines: BTreeMap<String, Machine>,
    pub(crate) timers: BTreeSet<(Timestamp, Timer)>,
    /// Control planes whose healthy API servers CKE took down.
    pub(crate) down_by_us: BTreeSet<String>,
    /// When the last pod leaves, by index of an entry that drains; never where it is missing.
    pub(crate) reboot_drains: BTreeMap<i64, Timestamp>,
    pub(crate) repair_drains: BTreeMap<i64, Timestamp>,
    /// How often a node had booted when it was told to, by index of its entry.
    pub(crate) reboot_from: BTreeMap<i64, u64>,
    /// Configuration files by their text, without the address of the node: they differ in nothing else.
    pub(crate) files: HashMap<String, Value>,
    /// Counts changes, to find plans that change nothing.
    pub(crate) changes: u64,
    pub(crate) last_id: u64,
    pub(crate) last_index: i64,
    pub(crate) last_node: usize,
    kube_index: HashMap<String, usize>,
    /// Numbers of members of etcd that have data, or had some.
    pub(crate) claimed: BTreeSet<u64>,
    /// Kubelets that started while no API server answered.
    unregistered: BTreeSet<String>,
}

impl World {
    pub(crate) fn new(scenario: &Scenario) -> Self {
        let desired = scenario.desired();
        let mut world = Self {
            random: Random::new(scenario.seed),
            last_node: desired.cluster.nodes.len(),
            scenario: scenario.clone(),
            seen: Observed {
                config_version: cke_model::names::FIRST_CONFIG_VERSION.to_owned(),
                ..Observed::default()
            },
            now: Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * 365 * 50),
            machines: BTreeMap::new(),
            timers: BTreeSet::new(),
            down_by_us: BTreeSet::new(),
            reboot_drains: BTreeMap::new(),
            repair_drains: BTreeMap::new(),
            reboot_from: BTreeMap::new(),
            files: HashMap::new(),
            changes: 0,
            last_id: 0,
            last_index: 0,
            kube_index: HashMap::new(),
            claimed: BTreeSet::new(),
            unregistered: BTreeSet::new(),
            desired,
        };
        world.seen.reboots.enabled = true;
        world.seen.repairs.enabled = true;
        let addresses: Vec<_> = world.desired.cluster.nodes.iter().map(|n| n.address.clone()).collect();
        addresses.iter().for_each(|address| world.add_machine(address));
        world
    }

    pub(crate) fn add_machine(&mut self, address: &str) {
        let machine = Machine {
            on: true,
            linked: true,
            boots: 1,
            ..Machine::default()
        };
        self.machines.insert(address.to_owned(), machine);
        self.seen.nodes.insert(address.to_owned(), NodeStatus::default());
        self.refresh(address);
    }

    pub(crate) fn answers(&self, address: &str) -> bool {
        self.machines.get(address).is_some_and(Machine::answers)
    }

    pub(crate) fn stamp(&self) -> GoTime {
        GoTime::utc(self.now)
    }

    pub(crate) fn in_seconds(&self, seconds: i64) -> Timestamp {
        self.now
            .saturating_add(SignedDuration::from_secs(seconds))
            .unwrap_or(self.now)
    }

    pub(crate) fn after(&mut self, seconds: i64, timer: Timer) {
        self.timers.insert((self.in_seconds(seconds), timer));
    }

    /// Changes a machine and what is seen of it.
    pub(crate) fn change(&mut self, address: &str, change: impl FnOnce(&mut Machine, &mut NodeStatus)) {
        let (Some(machine), Some(status)) = (self.machines.get_mut(address), self.seen.nodes.get_mut(address)) else {
            return;
        };
        change(machine, status);
        self.changes = self.changes.wrapping_add(1);
        self.refresh(address);
    }

    /// Puts what is seen of a node in line with its machine.
    pub(crate) fn refresh(&mut self, address: &str) {
        let (Some(machine), Some(status)) = (self.machines.get(address), self.seen.nodes.get_mut(address)) else {
            return;
        };
        status.ssh_connected = machine.answers();
        status.etcd.has_data = machine.data != Data::None;
        status.etcd.is_added_member = status.etcd.has_data && machine.marked;
        status.kubelet.healthy = status.kubelet.service.running;
        let ready = status.ssh_connected && status.kubelet.service.running;
        if let Some(node) = self.kube(address) {
            node.ready = ready;
        }
    }

    /// Puts etcd and the API servers in line with their machines.
    pub(crate) fn refresh_control(&mut self) {
        let etcd = &mut self.seen.etcd;
        let (machines, nodes) = (&self.machines, &self.seen.nodes);
        let serves = |(address, member): &(&String, &cke_model::observed::EtcdMember)| {
            let machine = machines.get(*address);
            machine.is_some_and(|machine| machine.answers() && machine.data == Data::Of(member.id))
                && nodes.get(*address).is_some_and(|status| status.etcd.service.running)
        };
        etcd.in_sync = etcd
            .members
            .iter()
            .filter(serves)
            .map(|(address, _)| address.clone())
            .collect();
        etcd.healthy = !etcd.members.is_empty() && etcd.in_sync.len() > etcd.members.len() / 2;
        let healthy = etcd.healthy;
        for address in self.control_planes() {
            let answers = self.answers(&address);
            let Some(status) = self.seen.nodes.get_mut(&address) else {
                continue;
            };
            status.api_server.healthy = healthy && answers && status.api_server.service.running;
            if status.api_server.healthy {
                self.down_by_us.remove(&address);
            }
        }
    }

    pub(crate) fn control_planes(&self) -> Vec<String> {
        self.desired
            .cluster
            .control_planes()
            .map(|node| node.address.clone())
            .collect()
    }

    pub(crate) fn api_answers(&self) -> bool {
        let healthy = |address: &String| self.seen.nodes.get(address).is_some_and(|s| s.api_server.healthy);
        self.control_planes().iter().any(healthy)
    }

    /// The Node object of this name.
    pub(crate) fn kube(&mut self, name: &str) -> Option<&mut KubeNode> {
        let index = self.kube_index.get(name)?;
        self.seen.kubernetes.nodes.get_mut(*index)
    }

    pub(crate) fn has_kube(&self, name: &str) -> bool {
        self.kube_index.contains_key(name)
    }

    pub(crate) fn add_kube(&mut self, name: &str) {
        let node = KubeNode {
            name: name.to_owned(),
            ..KubeNode::default()
        };
        self.kube_index
            .insert(name.to_owned(), self.seen.kubernetes.nodes.len());
        self.seen.kubernetes.nodes.push(node);
        self.changes = self.changes.wrapping_add(1);
    }

    pub(crate) fn remove_kube(&mut self, name: &str) {
        let Some(index) = self.kube_index.remove(name) else {
            return;
        };
        self.seen.kubernetes.nodes.swap_remove(index);
        if let Some(moved) = self.seen.kubernetes.nodes.get(index) {
            self.kube_index.insert(moved.name.clone(), index);
        }
        self.changes = self.changes.wrapping_add(1);
    }

    /// A kubelet has started: it makes its Node object, now or once an API server answers.
    pub(crate) fn register(&mut self, address: &str) {
        if self.has_kube(address) {
            return;
        }
        self.unregistered.insert(address.to_owned());
        self.register_pending();
    }

    pub(crate) fn register_pending(&mut self) {
        if self.unregistered.is_empty() || !self.api_answers() {
            return;
        }
        for address in std::mem::take(&mut self.unregistered) {
            let runs = self.seen.nodes.get(&address).is_some_and(|s| s.kubelet.service.running);
            if runs && !self.has_kube(&address) {
                self.add_kube(&address);
                self.refresh(&address);
            }
        }
    }

    /// Containers stop with the machine; volumes and files stay.
    pub(crate) fn power_off(&mut self, address: &str) {
        self.change(address, |machine, status| {
            machine.on = false;
            let services = [&mut status.rivers, &mut status.etcd_rivers, &mut status.etcd.service];
            services.into_iter().for_each(|service| service.running = false);
            let components = [
                &mut status.api_server,
                &mut status.controller_manager,
                &mut status.scheduler,
                &mut status.proxy,
                &mut status.kubelet,
            ];
            components
                .into_iter()
                .for_each(|component| component.service.running = false);
        });
        self.refresh_control();
    }

    pub(crate) fn power_on(&mut self, address: &str) {
        self.change(address, |machine, _| {
            if !machine.on {
                machine.boots = machine.boots.saturating_add(1);
            }
            machine.on = true;
            machine.linked = true;
        });
        self.refresh_control();
    }

    /// Lets time pass until a moment, with everything that happens by itself.
    pub(crate) fn pass_until(&mut self, until: Timestamp) {
        while let Some((at, timer)) = self.timers.first().cloned() {
            if at > until {
                break;
            }
            self.timers.pop_first();
            self.now = self.now.max(at);
            match timer {
                Timer::Boot(address) => self.power_on(&address),
                Timer::Heal(address) => {
                    self.change(&address, |machine, _| machine.linked = true);
                    self.refresh_control();
                }
                Timer::Thaw => self.desired.controls.frozen = None,
            }
        }
        self.now = self.now.max(until);
    }

    /// What is seen of the queues' nodes.
    pub(crate) fn look_at_queues(&mut self) {
        let now = self.now;
        let over = |at: Option<&Timestamp>| at.is_some_and(|at| *at <= now);
        let reboots = &mut self.seen.reboots;
        reboots.drained.clear();
        reboots.booted.clear();
        for entry in &reboots.entries {
            let index = entry.index.0;
            let booted = |machine: &Machine| {
                let from = self.reboot_from.get(&index).copied();
                machine.answers() && from.is_some_and(|from| machine.boots > from)
            };
            if entry.status == RebootStatus::Draining && over(self.reboot_drains.get(&index)) {
                reboots.drained.insert(index);
            } else if entry.status == RebootStatus::Rebooting && self.machines.get(&entry.node).is_some_and(booted) {
                reboots.booted.insert(index);
            }
        }
        let repairs = &mut self.seen.repairs;
        repairs.drained.clear();
        repairs.healthy.clear();
        for entry in repairs
            .entries
            .iter()
            .filter(|entry| entry.status == RepairStatus::Processing)
        {
            let answers = self.machines.get(&entry.address).is_some_and(Machine::answers);
            if entry.step_status == RepairStepStatus::Draining && over(self.repair_drains.get(&entry.index.0)) {
                repairs.drained.insert(entry.address.clone());
            } else if entry.step_status == RepairStepStatus::Watching && answers {
                repairs.healthy.insert(entry.address.clone());
            }
        }
    }
}
