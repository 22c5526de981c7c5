//! No entry stays as it is for ever.

use crate::fixture::{Site, ago, check, draining, queued, rebooting, repair, repair_in, site};
use cke_model::Phase;
use cke_model::cluster::RepairStep;
use cke_model::operation::Action;
use cke_model::reboot::{RebootEntry, RebootStatus};
use cke_model::repair::{RepairEntry, RepairStatus, RepairStepStatus};
use cke_plan::deadlines::{
    MAX_DRAIN_FAILURES, MAX_REBOOTS, MAX_REPAIR_DRAIN_FAILURES, NO_PROCEDURE_SECONDS, REBOOTING_SECONDS,
};
use gojson::GoTime;

const NOTHING: &[(&str, usize)] = &[];
const GIVE_UP: &[(&str, usize)] = &[("reboot-give-up", 1)];
const FINISH: &[(&str, usize)] = &[("repair-finish", 1)];

fn reboots(entry: RebootEntry) -> Site {
    site().complete().reboots(vec![entry])
}

fn repairs(entry: RepairEntry) -> Site {
    site().complete().repairs(vec![entry])
}

#[test]
fn nodes_that_do_not_boot() {
    const BACK: &[(&str, usize)] = &[("reboot-boot-timeout", 1)];
    let since = |seconds: i64, failures: i64| RebootEntry {
        last_transition_time: ago(seconds),
        drain_backoff_count: failures,
        ..rebooting(1, 4)
    };
    let slow = |s: &mut Site| {
        s.cluster().reboot.command_timeout_seconds = Some(100);
        s.cluster().reboot.command_interval = Some(20);
        s.cluster().reboot.command_retries = Some(2);
    };
    check(vec![
        (
            "they have their time",
            reboots(since(REBOOTING_SECONDS - 1, 0)),
            NOTHING,
            Phase::Completed,
        ),
        (
            "then they go back into the queue",
            reboots(since(REBOOTING_SECONDS + 1, 0)),
            BACK,
            Phase::RebootNodes,
        ),
        (
            "the command and its retries have their time too",
            reboots(since(REBOOTING_SECONDS + 359, 0)).with(slow),
            NOTHING,
            Phase::Completed,
        ),
        (
            "the command had its time",
            reboots(since(REBOOTING_SECONDS + 361, 0)).with(slow),
            BACK,
            Phase::RebootNodes,
        ),
        (
            "after some they are given up",
            reboots(since(REBOOTING_SECONDS + 1, MAX_REBOOTS - 1)),
            GIVE_UP,
            Phase::RebootNodes,
        ),
    ]);
    let plan = reboots(since(REBOOTING_SECONDS + 1, 0)).decide();
    assert!(matches!(
        plan.operations[0].steps[0].action,
        Action::RebootDrainTimeout { .. }
    ));
    let plan = reboots(since(REBOOTING_SECONDS + 1, MAX_REBOOTS - 1)).decide();
    assert!(matches!(
        plan.operations[0].steps[0].action,
        Action::RebootCancel { .. }
    ));
}

#[test]
fn nodes_that_are_never_empty() {
    let failed = |count: i64| RebootEntry {
        drain_backoff_count: count,
        ..queued(1, 4)
    };
    check(vec![
        (
            "they are tried",
            reboots(failed(MAX_DRAIN_FAILURES - 1)),
            &[("reboot-drain-start", 1)],
            Phase::RebootNodes,
        ),
        (
            "and given up",
            reboots(failed(MAX_DRAIN_FAILURES)),
            GIVE_UP,
            Phase::RebootNodes,
        ),
        (
            "not while nobody works on the queue",
            reboots(failed(MAX_DRAIN_FAILURES)).reboots_disabled(),
            NOTHING,
            Phase::Completed,
        ),
    ]);
}

#[test]
fn times_that_nobody_wrote_down() {
    let never = |entry: RebootEntry| RebootEntry {
        last_transition_time: GoTime::ZERO,
        ..entry
    };
    let seen = |s: &mut Site| {
        s.observed.reboots.seen_since.insert(1, ago(60));
    };
    check(vec![
        (
            "a drain is given up",
            reboots(never(draining(1, 4))),
            &[("reboot-drain-timeout", 1)],
            Phase::RebootNodes,
        ),
        (
            "not if it was seen to begin",
            reboots(never(draining(1, 4))).with(seen),
            NOTHING,
            Phase::Completed,
        ),
    ]);
}

#[test]
fn repairs_that_nobody_declares() {
    let unknown = |entry: RepairEntry| RepairEntry {
        operation: "noop".to_owned(),
        ..entry
    };
    let seen = |seconds: i64| {
        move |s: &mut Site| {
            s.observed.repairs.seen_since.insert(0, ago(seconds));
        }
    };
    let changed = |seconds: i64| unknown(repair_in(4, RepairStepStatus::Watching, seconds));
    check(vec![
        (
            "nobody knows since when",
            repairs(unknown(repair(4))),
            NOTHING,
            Phase::Completed,
        ),
        (
            "a day has not passed",
            repairs(unknown(repair(4))).with(seen(NO_PROCEDURE_SECONDS - 1)),
            NOTHING,
            Phase::Completed,
        ),
        (
            "a day has passed",
            repairs(unknown(repair(4))).with(seen(NO_PROCEDURE_SECONDS + 1)),
            FINISH,
            Phase::RepairMachines,
        ),
        (
            "the repair was taken back today",
            repairs(changed(60)),
            NOTHING,
            Phase::Completed,
        ),
        (
            "the repair was taken back",
            repairs(changed(NO_PROCEDURE_SECONDS + 1)),
            FINISH,
            Phase::RepairMachines,
        ),
    ]);
    let plan = repairs(changed(NO_PROCEDURE_SECONDS + 1)).decide();
    assert!(matches!(
        plan.operations[0].steps[0].action,
        Action::RepairFinish { succeeded: false, .. }
    ));
}

#[test]
fn machines_that_are_never_empty() {
    let drains = |s: &mut Site| {
        let step: &mut RepairStep = s.first_step();
        step.need_drain = true;
    };
    let failed = |count: i64| RepairEntry {
        drain_backoff_count: count,
        ..repair_in(4, RepairStepStatus::Waiting, 60)
    };
    check(vec![
        (
            "they are tried",
            repairs(failed(MAX_REPAIR_DRAIN_FAILURES - 1)).with(drains),
            &[("repair-drain-start", 1)],
            Phase::RepairMachines,
        ),
        (
            "and given up",
            repairs(failed(MAX_REPAIR_DRAIN_FAILURES)).with(drains),
            FINISH,
            Phase::RepairMachines,
        ),
    ]);
}

#[test]
fn a_repair_that_is_watched_does_not_keep_reboots_from_ending() {
    let watched = |s: &mut Site| s.first_step().watch_seconds = Some(600);
    let case = repairs(repair_in(4, RepairStepStatus::Watching, 10)).with(watched);
    let case = case.reboots(vec![rebooting(1, 5), queued(2, 3)]);
    let ended = case.clone().with(|s| s.observed.reboots.booted = [1].into());
    check(vec![
        ("a new reboot waits", case, NOTHING, Phase::RepairMachines),
        (
            "one that has booted ends",
            ended,
            &[("reboot-dequeue", 1)],
            Phase::RepairMachines,
        ),
    ]);
}

/// Whatever an entry is like, it either has something done to it or says why not.
#[test]
fn every_entry_is_done_or_explained() {
    let statuses: Vec<RebootStatus> = RebootStatus::ALL
        .iter()
        .cloned()
        .chain([RebootStatus::Unknown("next".to_owned())])
        .collect();
    for status in statuses {
        for enabled in [true, false] {
            for failures in [0, MAX_DRAIN_FAILURES] {
                for i in [0, 4] {
                    let entry = RebootEntry {
                        status: status.clone(),
                        drain_backoff_count: failures,
                        ..draining(1, i)
                    };
                    let plan = reboots(entry).with(|s| s.observed.reboots.enabled = enabled).decide();
                    let told = plan
                        .waits
                        .iter()
                        .any(|wait| wait.subject == cke_plan::Subject::Reboot(1));
                    assert!(
                        told || !plan.operations.is_empty(),
                        "{status} {enabled} {failures}: {plan:#?}"
                    );
                }
            }
        }
    }
    let statuses: Vec<RepairStatus> = RepairStatus::ALL
        .iter()
        .cloned()
        .chain([RepairStatus::Unknown("next".to_owned())])
        .collect();
    for status in statuses {
        for step_status in RepairStepStatus::ALL {
            for enabled in [true, false] {
                for step in [0, 1, 2, -1] {
                    let entry = repair_in(4, step_status.clone(), 1);
                    let plan = repairs(RepairEntry {
                        status: status.clone(),
                        step,
                        ..entry
                    });
                    let plan = plan.with(|s| s.observed.repairs.enabled = enabled).decide();
                    let told = plan
                        .waits
                        .iter()
                        .any(|wait| wait.subject == cke_plan::Subject::Repair(0));
                    assert!(
                        told || !plan.operations.is_empty(),
                        "{status} {step_status} {enabled}: {plan:#?}"
                    );
                }
            }
        }
    }
}
