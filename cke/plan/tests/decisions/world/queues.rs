//! Entries of both queues: drains succeed at once, nodes boot at once, and commands repair.

use super::World;
use super::containers::stop_all;
use cke_model::operation::Action;
use cke_model::reboot::{RebootEntry, RebootStatus};
use cke_model::repair::{RepairEntry, RepairStatus, RepairStepStatus};
use gojson::GoTime;
use jiff::SignedDuration;

/// A back-off, without chance.
const REST: SignedDuration = SignedDuration::from_secs(300);

impl World {
    pub(super) fn on_queues(&mut self, action: &Action) {
        match action {
            Action::RebootDrainStart { entries, .. } => entries.iter().for_each(|entry| {
                self.set_reboot(entry, RebootStatus::Draining);
                self.cordon(&entry.node);
                self.site.observed.reboots.drained.insert(entry.index.0);
            }),
            Action::RebootDeleteDaemonSetPods { .. } => {}
            Action::RebootReboot { entries, .. } => entries.iter().for_each(|entry| {
                self.set_reboot(entry, RebootStatus::Rebooting);
                stop_all(self.node(&entry.node));
                self.site.observed.reboots.booted.insert(entry.index.0);
            }),
            Action::RebootDrainTimeout { entries } => entries.iter().for_each(|entry| self.rest(entry)),
            Action::RebootDequeue { entries } | Action::RebootCancel { entries } => {
                let gone = |entry: &RebootEntry| entries.iter().any(|other| other.index == entry.index);
                self.site.observed.reboots.entries.retain(|entry| !gone(entry));
            }
            Action::RepairDrainStart { entry, .. } => {
                self.set_repair(entry, RepairStatus::Processing, RepairStepStatus::Draining);
                self.cordon(&entry.nodename);
                self.site.observed.repairs.drained.insert(entry.address.clone());
            }
            Action::RepairExecute { entry, .. } => {
                self.set_repair(entry, RepairStatus::Processing, RepairStepStatus::Watching);
                self.site.observed.repairs.healthy.insert(entry.address.clone());
            }
            Action::RepairFinish { entry, succeeded, .. } => {
                let status = if *succeeded {
                    RepairStatus::Succeeded
                } else {
                    RepairStatus::Failed
                };
                self.set_repair(entry, status, entry.step_status.clone());
            }
            Action::RepairDrainTimeout { entry } => {
                let mut entry = entry.clone();
                entry.drain_backoff_count += 1;
                entry.drain_backoff_expire = GoTime::utc(self.now + REST);
                self.set_repair(&entry, RepairStatus::Processing, RepairStepStatus::Waiting);
            }
            Action::RepairDequeue { entry } => {
                self.site
                    .observed
                    .repairs
                    .entries
                    .retain(|other| other.index != entry.index);
            }
            other => panic!("no action on queues: {other:?}"),
        }
    }

    fn set_reboot(&mut self, entry: &RebootEntry, status: RebootStatus) {
        let now = GoTime::utc(self.now);
        let entries = &mut self.site.observed.reboots.entries;
        let stored = entries.iter_mut().find(|other| other.index == entry.index).unwrap();
        *stored = RebootEntry {
            status,
            last_transition_time: now,
            ..entry.clone()
        };
    }

    fn rest(&mut self, entry: &RebootEntry) {
        let mut entry = entry.clone();
        entry.drain_backoff_count += 1;
        entry.drain_backoff_expire = GoTime::utc(self.now + REST);
        self.set_reboot(&entry, RebootStatus::Queued);
    }

    fn set_repair(&mut self, entry: &RepairEntry, status: RepairStatus, step_status: RepairStepStatus) {
        let now = GoTime::utc(self.now);
        let entries = &mut self.site.observed.repairs.entries;
        let stored = entries.iter_mut().find(|other| other.index == entry.index).unwrap();
        *stored = RepairEntry {
            status,
            step_status,
            last_transition_time: now,
            ..entry.clone()
        };
    }
}
