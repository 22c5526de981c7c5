//! How many machines are repaired at once, and which come first.

use super::{DEFAULT_MAX_CONCURRENT_REPAIRS, step};
use crate::view::View;
use crate::wait::WaitReason;
use cke_model::repair::{RepairEntry, RepairStatus};
use std::collections::HashMap;

/// Entries in work before new ones, control planes before others, else as they stand in the queue.
pub(super) fn in_order<'a>(view: &View<'a>, mut open: Vec<&'a RepairEntry>) -> Vec<&'a RepairEntry> {
    open.sort_by_key(|entry| {
        (
            entry.status == RepairStatus::Queued,
            !view.is_control_plane(&entry.address),
        )
    });
    open
}

/// Machines that are worked on.
pub(super) struct Slots<'a> {
    limit: i64,
    in_work: Vec<&'a str>,
    by_machine: HashMap<&'a str, i64>,
    control_planes: Vec<&'a str>,
}

impl<'a> Slots<'a> {
    /// Machines that are drained or watched have their place, whatever the limit says now.
    pub(super) fn new(view: &View<'a>, open: &[&'a RepairEntry]) -> Self {
        let limit = view.desired.cluster.repair.max_concurrent_repairs;
        let mut slots = Self {
            limit: limit.unwrap_or(DEFAULT_MAX_CONCURRENT_REPAIRS),
            in_work: Vec::new(),
            by_machine: HashMap::new(),
            control_planes: Vec::new(),
        };
        for entry in open.iter().filter(|entry| !step::is_waiting(entry)) {
            if !slots.by_machine.contains_key(entry.address.as_str()) {
                slots.enter(view, entry);
            }
        }
        slots
    }

    /// A place for the entry, or why there is none.
    pub(super) fn take(&mut self, view: &View<'a>, entry: &'a RepairEntry) -> Result<(), WaitReason> {
        match self.by_machine.get(entry.address.as_str()) {
            Some(index) if *index == entry.index.0 => return Ok(()),
            Some(index) => return Err(WaitReason::SameMachine { entry: *index }),
            None => {}
        }
        if i64::try_from(self.in_work.len()).is_ok_and(|n| n >= self.limit) {
            return Err(WaitReason::QueueFull {
                option: "max_concurrent_repairs".to_owned(),
                limit: self.limit,
                in_progress: owned(&self.in_work),
            });
        }
        if view.is_control_plane(&entry.address) {
            self.no_other_control_plane(view, entry)?;
        }
        self.enter(view, entry);
        Ok(())
    }

    fn no_other_control_plane(&self, view: &View<'a>, entry: &RepairEntry) -> Result<(), WaitReason> {
        let rebooting = view.control_planes.iter().map(|n| n.address());
        let rebooting = rebooting.filter(|address| *address != entry.address && view.rebooting(address).is_some());
        let others: Vec<_> = self.control_planes.iter().copied().chain(rebooting).collect();
        if others.is_empty() {
            return Ok(());
        }
        Err(WaitReason::OtherControlPlane {
            addresses: owned(&others),
        })
    }

    fn enter(&mut self, view: &View<'a>, entry: &'a RepairEntry) {
        self.by_machine.insert(&entry.address, entry.index.0);
        self.in_work.push(&entry.address);
        if view.is_control_plane(&entry.address) {
            self.control_planes.push(&entry.address);
        }
    }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}
