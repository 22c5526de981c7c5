//! The repair queue: which machines are drained, which commands run, and which entries end.
//!
//! An entry in work goes before a new one, and a control plane before others; one machine is repaired by one entry at a time,
//! and one control plane at a time. Every entry that does nothing now has a reason.

mod guard;
mod slots;
mod step;

use crate::draft::Draft;
use crate::plan::Subject;
use crate::view::View;
use crate::wait::WaitReason;
use cke_model::cluster::RepairStep;
use cke_model::repair::{RepairEntry, RepairStatus, RepairStepStatus};
use gojson::GoTime;
use slots::Slots;

/// Repairs at once where the cluster says nothing else.
const DEFAULT_MAX_CONCURRENT_REPAIRS: i64 = 1;

/// What becomes of an entry now.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Next<'a> {
    /// It is removed: somebody deleted it.
    Dequeue,
    /// It ends.
    Finish {
        /// Whether the machine is healthy.
        succeeded: bool,
    },
    /// Its node is drained.
    Drain,
    /// Its drain is given up for now.
    DrainTimeout,
    /// The command of this step runs.
    Execute(&'a RepairStep),
}

/// What becomes of the queue now.
#[derive(Default)]
pub(crate) struct Repairs<'a> {
    /// In the order in which it is done. An entry is as it is to be when the operation starts: perhaps one step further.
    pub(crate) next: Vec<(RepairEntry, Next<'a>)>,
    /// Whether an entry is being worked on, though perhaps nothing is to be done for it at this moment.
    pub(crate) in_work: bool,
}

impl<'a> Repairs<'a> {
    /// Goes through the queue.
    pub(crate) fn choose(view: &View<'a>, draft: &mut Draft<'a>) -> Self {
        let mut all = Self::default();
        let open = all.end(view, draft);
        let mut slots = Slots::new(view, &open);
        for entry in slots::in_order(view, open) {
            if let Err(reason) = all.go_on(view, draft, &mut slots, entry) {
                draft.wait(Subject::Repair(entry.index.0), reason);
            }
        }
        all
    }

    /// Ends what is deleted or healthy; gives the entries that are to go on.
    fn end(&mut self, view: &View<'a>, draft: &mut Draft<'a>) -> Vec<&'a RepairEntry> {
        let mut open = Vec::new();
        let seen = &view.observed.repairs;
        for entry in &seen.entries {
            if entry.deleted {
                self.push(view, entry, Next::Dequeue);
            } else if entry.has_finished() {
                let status = entry.status.to_string();
                draft.wait(Subject::Repair(entry.index.0), WaitReason::Finished { status });
            } else if seen.healthy.contains(&entry.address) {
                self.push(view, entry, Next::Finish { succeeded: true });
            } else if let Some(status) = unknown(entry) {
                draft.wait(Subject::Repair(entry.index.0), WaitReason::UnknownStatus { status });
            } else {
                open.push(entry);
            }
        }
        open
    }

    /// Goes on with an entry, or says why not.
    fn go_on(
        &mut self,
        view: &View<'a>,
        draft: &mut Draft<'a>,
        slots: &mut Slots<'a>,
        entry: &'a RepairEntry,
    ) -> Result<(), WaitReason> {
        if step::must_fail(view, entry) {
            self.push(view, entry, Next::Finish { succeeded: false });
            return Ok(());
        }
        step::procedure(view, entry)?;
        step::backed_off(view, entry)?;
        slots.take(view, entry)?;
        let enabled = view.observed.repairs.enabled;
        let (further, next) = step::next(view, entry).inspect_err(|_| self.in_work |= enabled)?;
        let answer = guard::allows(view, draft, entry, &next);
        self.in_work |= answer.as_ref().is_err_and(guard::holds_the_phase);
        answer?;
        self.push(view, &further, next);
        Ok(())
    }

    fn push(&mut self, view: &View<'a>, entry: &RepairEntry, next: Next<'a>) {
        let mut entry = entry.clone();
        let node = view.node(&entry.address);
        entry.nodename = node.map_or_else(String::new, |n| n.node.nodename().to_owned());
        self.next.push((entry, next));
    }
}

/// A status of another version.
fn unknown(entry: &RepairEntry) -> Option<String> {
    match (&entry.status, &entry.step_status) {
        (RepairStatus::Unknown(status), _) => Some(status.clone()),
        (RepairStatus::Processing, RepairStepStatus::Unknown(status)) => Some(status.clone()),
        _ => None,
    }
}

/// Since when an entry has its status; none where nobody knows.
fn since(view: &View<'_>, entry: &RepairEntry) -> Option<GoTime> {
    let known = Some(entry.last_transition_time).filter(|time| !time.is_zero());
    known.or_else(|| view.observed.repairs.seen_since.get(&entry.index.0).copied())
}
