//! One decision, from the look at everything to the finished plan.

use crate::desired::Desired;
use crate::draft::Draft;
use crate::phases::{self, Asked, Decision};
use crate::plan::{Plan, Subject};
use crate::reboot::Reboots;
use crate::repair::Repairs;
use crate::trouble;
use crate::view::View;
use crate::wait::WaitReason;
use cke_component::drift::Wanted;
use cke_model::{Observed, Phase};
use jiff::Timestamp;

/// Decides what to do now.
#[must_use]
pub fn decide(desired: &Desired, observed: &Observed, now: Timestamp) -> Plan {
    let view = View::new(desired, observed, now);
    let reboots = Reboots::choose(&view);
    let mut decision = Decision {
        view: &view,
        wanted: &Wanted::new(&view.site),
        reboots: &reboots,
        draft: Draft::new(&view),
        asked: Asked::default(),
    };
    let phase = phases::decide(&mut decision);
    unreachable_nodes(&mut decision);
    trouble::tell(&mut decision);
    queues_that_wait(&mut decision, phase);
    frozen(&mut decision);
    let Draft { operations, waits, .. } = decision.draft;
    Plan {
        phase,
        operations,
        waits,
    }
}

/// Nothing is done on nodes that do not answer.
fn unreachable_nodes(decision: &mut Decision<'_, '_>) {
    let view = decision.view;
    for node in view.nodes.iter().filter(|n| !n.connected()) {
        let status = view.observed.nodes.get(node.address());
        let because = status.and_then(|status| status.unreachable_because.clone());
        decision.draft.wait_node(node, WaitReason::NodeUnreachable { because });
    }
}

/// Entries of queues whose phase was not reached.
fn queues_that_wait(decision: &mut Decision<'_, '_>, phase: Phase) {
    let view = decision.view;
    let mut due = Vec::new();
    if !decision.asked.repairs {
        let repairs = Repairs::choose(view, &mut decision.draft);
        due.extend(repairs.next.iter().map(|(entry, _)| Subject::Repair(entry.index.0)));
    }
    if !decision.asked.reboots {
        decision.draft.waits.extend(decision.reboots.waits.iter().cloned());
        due.extend(decision.reboots.due().map(|entry| Subject::Reboot(entry.index.0)));
    }
    for subject in due {
        decision.draft.wait(subject, WaitReason::EarlierPhase { phase });
    }
}

/// While the cluster is frozen everything waits.
fn frozen(decision: &mut Decision<'_, '_>) {
    let Some(freeze) = &decision.view.desired.controls.frozen else {
        return;
    };
    let reason = WaitReason::Frozen {
        by: freeze.by.clone(),
        since: freeze.since,
        why: freeze.why.clone(),
    };
    decision.draft.wait_cluster(reason.clone());
    for operation in std::mem::take(&mut decision.draft.operations) {
        let subject = Subject::Operation {
            name: operation.name,
            targets: operation.targets,
        };
        decision.draft.wait(subject, reason.clone());
    }
}
