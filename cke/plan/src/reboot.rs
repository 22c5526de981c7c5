//! The reboot queue: which entries start, go on, are put back, or end.
//!
//! Control planes are rebooted one at a time, after all other nodes, and never while another control plane is out of service.
//! Every entry that does nothing now has a reason.

mod guard;

use crate::deadlines::{self, EVICTION_SECONDS, MAX_DRAIN_FAILURES, MAX_REBOOTS};
use crate::ledger::Ledger;
use crate::plan::{Subject, Wait};
use crate::view::View;
use crate::wait::WaitReason;
use cke_model::reboot::{RebootEntry, RebootStatus};
use gojson::GoTime;
use std::collections::HashMap;

/// Reboots at once where the cluster says nothing else.
const DEFAULT_MAX_CONCURRENT_REBOOTS: i64 = 1;

/// What becomes of the entries now.
#[derive(Default)]
pub(crate) struct Reboots<'a> {
    /// Somebody cancelled them.
    pub(crate) cancelled: Vec<&'a RebootEntry>,
    /// Their nodes have booted, or left the cluster.
    pub(crate) done: Vec<&'a RebootEntry>,
    /// They have failed too often.
    pub(crate) given_up: Vec<&'a RebootEntry>,
    /// Their nodes are empty and reboot now.
    pub(crate) drained: Vec<&'a RebootEntry>,
    /// Their drain begins.
    pub(crate) starting: Vec<&'a RebootEntry>,
    /// Their drain took too long.
    pub(crate) drain_timed_out: Vec<&'a RebootEntry>,
    /// Their boot took too long.
    pub(crate) boot_timed_out: Vec<&'a RebootEntry>,
    /// Whether entries wait for etcd alone.
    pub(crate) held_by_etcd: bool,
    /// All others.
    pub(crate) waits: Vec<Wait>,
}

/// Entries by what they may do next.
#[derive(Default)]
struct Sorted<'a> {
    control_planes_in_progress: Vec<&'a RebootEntry>,
    workers_in_progress: Vec<&'a RebootEntry>,
    control_planes_ready: Vec<&'a RebootEntry>,
    workers_ready: Vec<&'a RebootEntry>,
}

impl<'a> Reboots<'a> {
    /// Sorts the queue.
    pub(crate) fn choose(view: &View<'a>) -> Self {
        let mut all = Self::default();
        let mut sorted = Sorted::default();
        let mut first: HashMap<&str, &RebootEntry> = HashMap::new();
        for entry in &view.observed.reboots.entries {
            if entry.status == RebootStatus::Cancelled {
                all.cancelled.push(entry);
            } else if view.node(&entry.node).is_none() {
                all.done.push(entry);
            } else if let Some(first) = first.get(entry.node.as_str()) {
                all.wait(entry, WaitReason::SameMachine { entry: first.index.0 });
            } else {
                first.insert(&entry.node, entry);
                all.sort(view, entry, &mut sorted);
            }
        }
        all.hold_drained(view);
        all.start(view, sorted);
        all
    }

    fn wait(&mut self, entry: &RebootEntry, reason: WaitReason) {
        let subject = Subject::Reboot(entry.index.0);
        self.waits.push(Wait { subject, reason });
    }

    /// Whether entries end.
    pub(crate) fn have_endings(&self) -> bool {
        !(self.cancelled.is_empty() && self.done.is_empty() && self.given_up.is_empty())
    }

    /// Entries for which something is to be done.
    pub(crate) fn due(&self) -> impl Iterator<Item = &'a RebootEntry> {
        let lists = [
            &self.cancelled,
            &self.done,
            &self.given_up,
            &self.drained,
            &self.starting,
            &self.drain_timed_out,
            &self.boot_timed_out,
        ];
        lists.into_iter().flatten().copied()
    }

    fn sort(&mut self, view: &View<'a>, entry: &'a RebootEntry, sorted: &mut Sorted<'a>) {
        let control_plane = view.is_control_plane(&entry.node);
        let seen = &view.observed.reboots;
        match &entry.status {
            RebootStatus::Rebooting if seen.booted.contains(&entry.index.0) => self.done.push(entry),
            RebootStatus::Queued | RebootStatus::Draining | RebootStatus::Rebooting if !seen.enabled => {
                self.wait(entry, WaitReason::RebootQueueDisabled {});
            }
            RebootStatus::Queued => self.queued(view, entry, control_plane, sorted),
            RebootStatus::Draining | RebootStatus::Rebooting => {
                if control_plane {
                    sorted.control_planes_in_progress.push(entry);
                } else {
                    sorted.workers_in_progress.push(entry);
                }
                self.in_progress(view, entry);
            }
            other => self.wait(
                entry,
                WaitReason::UnknownStatus {
                    status: other.to_string(),
                },
            ),
        }
    }

    fn queued(&mut self, view: &View<'a>, entry: &'a RebootEntry, control_plane: bool, sorted: &mut Sorted<'a>) {
        if entry.drain_backoff_count >= MAX_DRAIN_FAILURES {
            self.given_up.push(entry);
        } else if entry.drain_backoff_expire.instant() > view.now {
            let (until, failures) = (entry.drain_backoff_expire, entry.drain_backoff_count);
            self.wait(
                entry,
                WaitReason::BackOff {
                    until,
                    failures,
                    allowed: MAX_DRAIN_FAILURES,
                },
            );
        } else if control_plane {
            sorted.control_planes_ready.push(entry);
        } else {
            sorted.workers_ready.push(entry);
        }
    }

    fn in_progress(&mut self, view: &View<'a>, entry: &'a RebootEntry) {
        let policy = &view.desired.cluster.reboot;
        let since = since(view, entry);
        let draining = entry.status == RebootStatus::Draining;
        let until = if draining {
            deadlines::after(since, policy.eviction_timeout_seconds.unwrap_or(EVICTION_SECONDS))
        } else {
            deadlines::end_of_reboot(since, policy)
        };
        let over = deadlines::is_over(until, view.now);
        if draining && view.observed.reboots.drained.contains(&entry.index.0) {
            self.drained.push(entry);
        } else if !over && draining {
            self.wait(entry, WaitReason::Draining { since, until });
        } else if !over {
            self.wait(entry, WaitReason::Rebooting { since, until });
        } else if draining {
            self.drain_timed_out.push(entry);
        } else if entry.drain_backoff_count.saturating_add(1) >= MAX_REBOOTS {
            self.given_up.push(entry);
        } else {
            self.boot_timed_out.push(entry);
        }
    }

    /// Nodes that are empty reboot only while the rest of the cluster is whole.
    fn hold_drained(&mut self, view: &View<'a>) {
        if let Err(reason) = guard::rest_is_whole(view) {
            let held = std::mem::take(&mut self.drained);
            self.hold(held, &reason);
        }
    }

    fn hold(&mut self, entries: impl IntoIterator<Item = &'a RebootEntry>, reason: &WaitReason) {
        for entry in entries {
            self.wait(entry, reason.clone());
            self.held_by_etcd |= matches!(reason, WaitReason::EtcdNotInSync { .. } | WaitReason::EtcdUnhealthy {});
        }
    }

    fn start(&mut self, view: &View<'a>, sorted: Sorted<'a>) {
        let ready = sorted.workers_ready.iter().chain(&sorted.control_planes_ready).copied();
        if let Err(reason) = guard::rest_is_whole(view).and_then(|()| guard::few_are_unreachable(view)) {
            self.hold(ready, &reason);
        } else if !sorted.control_planes_in_progress.is_empty() {
            let addresses = nodes(&sorted.control_planes_in_progress);
            self.hold(ready, &WaitReason::OtherControlPlane { addresses });
        } else {
            let mut ledger = Ledger::new(view);
            self.start_workers(view, &mut ledger, &sorted);
            self.start_control_plane(view, &mut ledger, &sorted);
        }
    }

    fn start_workers(&mut self, view: &View<'a>, ledger: &mut Ledger<'a>, sorted: &Sorted<'a>) {
        let limit = view.desired.cluster.reboot.max_concurrent_reboots;
        let limit = limit.unwrap_or(DEFAULT_MAX_CONCURRENT_REBOOTS);
        let mut in_progress = sorted.workers_in_progress.clone();
        for entry in &sorted.workers_ready {
            if i64::try_from(in_progress.len()).is_ok_and(|n| n >= limit) {
                let (option, in_progress) = ("max_concurrent_reboots".to_owned(), nodes(&in_progress));
                self.wait(
                    entry,
                    WaitReason::QueueFull {
                        option,
                        limit,
                        in_progress,
                    },
                );
            } else if let Err(reason) = guard::pay(view, ledger, entry) {
                self.wait(entry, reason);
            } else {
                self.starting.push(entry);
                in_progress.push(entry);
            }
        }
    }

    fn start_control_plane(&mut self, view: &View<'a>, ledger: &mut Ledger<'a>, sorted: &Sorted<'a>) {
        let workers: Vec<_> = sorted
            .workers_in_progress
            .iter()
            .chain(&sorted.workers_ready)
            .copied()
            .collect();
        let mut started: Option<&RebootEntry> = None;
        for entry in &sorted.control_planes_ready {
            let answer = match started {
                _ if !workers.is_empty() => Err(WaitReason::WorkersFirst {
                    workers: nodes(&workers),
                }),
                Some(first) => Err(WaitReason::OtherControlPlane {
                    addresses: vec![first.node.clone()],
                }),
                None => guard::others_serve(view, entry).and_then(|()| guard::pay(view, ledger, entry)),
            };
            match answer {
                Ok(()) => {
                    self.starting.push(entry);
                    started = Some(entry);
                }
                Err(reason) => self.wait(entry, reason),
            }
        }
    }
}

/// Since when an entry has its status.
fn since(view: &View<'_>, entry: &RebootEntry) -> GoTime {
    let seen = view.observed.reboots.seen_since.get(&entry.index.0).copied();
    match entry.last_transition_time {
        known if !known.is_zero() => known,
        unknown => seen.unwrap_or(unknown),
    }
}

fn nodes(entries: &[&RebootEntry]) -> Vec<String> {
    entries.iter().map(|entry| entry.node.clone()).collect()
}
