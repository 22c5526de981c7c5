//! The repair queue.

use crate::fixture::{Case, NAMES, Site, ago, check, rebooting, repair, repair_in, site};
use cke_model::Phase;
use cke_model::operation::Action;
use cke_model::repair::{RepairEntry, RepairStatus, RepairStepStatus};

const EXECUTE: &[(&str, usize)] = &[("repair-execute", 1)];
const DRAIN: &[(&str, usize)] = &[("repair-drain-start", 1)];
const TIMEOUT: &[(&str, usize)] = &[("repair-drain-timeout", 1)];
const FINISH: &[(&str, usize)] = &[("repair-finish", 1)];
const UNCORDON: &[(&str, usize)] = &[("reboot-uncordon", 1)];
const NOTHING: &[(&str, usize)] = &[];

fn queue(entries: Vec<RepairEntry>) -> Site {
    site().complete().repairs(entries)
}

fn drains(s: &mut Site) {
    s.first_step().need_drain = true;
}

fn at_once(limit: i64) -> impl Fn(&mut Site) {
    move |s| s.cluster().repair.max_concurrent_repairs = Some(limit)
}

fn out_of_sync(i: usize) -> impl Fn(&mut Site) {
    move |s| {
        s.observed.etcd.in_sync.remove(NAMES[i]);
    }
}

#[test]
fn machines_are_repaired() {
    check(vec![
        ("a worker", queue(vec![repair(4)]), EXECUTE, Phase::RepairMachines),
        (
            "a machine that is not in the cluster",
            queue(vec![RepairEntry {
                address: "10.0.99.99".to_owned(),
                ..repair(0)
            }]),
            EXECUTE,
            Phase::RepairMachines,
        ),
        (
            "a control plane that is away",
            queue(vec![repair(0)]).lost(&[0]).master_not_ready(0),
            EXECUTE,
            Phase::RepairMachines,
        ),
        (
            "a control plane while another's API server is not healthy",
            queue(vec![repair(0)]).unhealthy_api_server(2).master_not_ready(2),
            EXECUTE,
            Phase::RepairMachines,
        ),
    ]);
}

#[test]
fn etcd_must_bear_it() {
    let away = || {
        queue(vec![repair(0)])
            .lost(&[0])
            .master_not_ready(0)
            .with(out_of_sync(0))
    };
    check(vec![
        (
            "the member on the machine itself is lost",
            away(),
            EXECUTE,
            Phase::RepairMachines,
        ),
        (
            "a member lags behind on a machine that answers",
            queue(vec![repair(4)]).with(out_of_sync(0)),
            NOTHING,
            Phase::RepairMachines,
        ),
        (
            "one more is not in sync",
            away().with(out_of_sync(1)),
            NOTHING,
            Phase::RepairMachines,
        ),
        (
            "a control plane is missing already",
            away().with(|s| s.desired.constraints.control_plane_count = 4),
            NOTHING,
            Phase::RepairMachines,
        ),
        (
            "an entry may end all the same",
            queue(vec![RepairEntry {
                deleted: true,
                ..repair(4)
            }])
            .with(out_of_sync(0)),
            &[("repair-dequeue", 1)],
            Phase::RepairMachines,
        ),
    ]);
}

#[test]
fn entries_without_a_procedure_wait_and_hold_nobody_up() {
    let unknown = |operation: &str| RepairEntry {
        operation: operation.to_owned(),
        ..repair(4)
    };
    check(vec![
        (
            "no procedures at all",
            queue(vec![repair(4)]).with(|s| s.cluster().repair.repair_procedures = None),
            NOTHING,
            Phase::Completed,
        ),
        (
            "none for the type",
            queue(vec![RepairEntry {
                machine_type: "type2".to_owned(),
                ..repair(4)
            }]),
            NOTHING,
            Phase::Completed,
        ),
        (
            "none of the name",
            queue(vec![unknown("noop")]),
            NOTHING,
            Phase::Completed,
        ),
        // The original gives it the only place, and the second entry waits for as long as the first is there.
        (
            "the next goes on",
            queue(vec![unknown("noop"), repair(5)]),
            EXECUTE,
            Phase::RepairMachines,
        ),
        (
            "a control plane goes on",
            queue(vec![unknown("noop"), repair(0)]),
            EXECUTE,
            Phase::RepairMachines,
        ),
    ]);
}

#[test]
fn as_many_at_once_as_declared() {
    const TWO: &[(&str, usize)] = &[("repair-execute", 1), ("repair-execute", 1)];
    check(vec![
        ("one", queue(vec![repair(4), repair(5)]), EXECUTE, Phase::RepairMachines),
        (
            "two",
            queue(vec![repair(0), repair(4), repair(5)]).with(at_once(2)),
            TWO,
            Phase::RepairMachines,
        ),
        (
            "one of a control plane",
            queue(vec![repair(0), repair(0)]).with(at_once(2)),
            EXECUTE,
            Phase::RepairMachines,
        ),
        // The original would run both commands on the machine.
        (
            "one of a worker",
            queue(vec![repair(4), repair(4)]).with(at_once(2)),
            EXECUTE,
            Phase::RepairMachines,
        ),
        (
            "one control plane",
            queue(vec![repair(0), repair(1)]).with(at_once(2)),
            EXECUTE,
            Phase::RepairMachines,
        ),
    ]);
}

#[test]
fn control_planes_under_reboot() {
    let reboots = |i: usize| {
        queue(vec![repair(i)])
            .reboots(vec![rebooting(1, 2)])
            .cordoned(2)
            .master_not_ready(2)
            .etcd_not_ready(2)
    };
    check(vec![
        ("another one reboots", reboots(0), NOTHING, Phase::Completed),
        ("it reboots itself", reboots(2), EXECUTE, Phase::RepairMachines),
    ]);
}

#[test]
fn nodes_are_drained_first_where_the_step_says_so() {
    let waiting = |seconds: i64| RepairEntry {
        drain_backoff_expire: ago(-seconds),
        ..repair_in(4, RepairStepStatus::Waiting, 600)
    };
    let draining = |seconds: i64| {
        queue(vec![repair_in(4, RepairStepStatus::Draining, seconds)])
            .with(drains)
            .cordoned(4)
    };
    let quick = |s: &mut Site| s.cluster().repair.eviction_timeout_seconds = Some(60);
    let drained = |s: &mut Site| s.observed.repairs.drained = [NAMES[4].to_owned()].into();
    check(vec![
        (
            "it begins",
            queue(vec![repair(4)]).with(drains),
            DRAIN,
            Phase::RepairMachines,
        ),
        ("it goes on", draining(30).with(quick), NOTHING, Phase::RepairMachines),
        (
            "it takes too long",
            draining(120).with(quick),
            TIMEOUT,
            Phase::RepairMachines,
        ),
        ("it goes on, by default", draining(300), NOTHING, Phase::RepairMachines),
        (
            "it takes too long, by default",
            draining(1200),
            TIMEOUT,
            Phase::RepairMachines,
        ),
        ("it is done", draining(30).with(drained), EXECUTE, Phase::RepairMachines),
        (
            "it failed: pods may come back",
            queue(vec![waiting(60)]).with(drains).cordoned(4),
            UNCORDON,
            Phase::UncordonNodes,
        ),
        (
            "it failed, and rests",
            queue(vec![waiting(60)]).with(drains),
            NOTHING,
            Phase::Completed,
        ),
        (
            "it is tried again",
            queue(vec![waiting(-60)]).with(drains),
            DRAIN,
            Phase::RepairMachines,
        ),
    ]);
}

#[test]
fn machines_are_watched() {
    let watching = |step: i64, seconds: i64| {
        let entry = RepairEntry {
            step,
            ..repair_in(4, RepairStepStatus::Watching, seconds)
        };
        queue(vec![entry]).cordoned(4)
    };
    let minute = |s: &mut Site| s.first_step().watch_seconds = Some(60);
    let healthy = |s: &mut Site| s.observed.repairs.healthy = [NAMES[4].to_owned()].into();
    check(vec![
        (
            "for a while",
            watching(0, 30).with(minute),
            NOTHING,
            Phase::RepairMachines,
        ),
        (
            "then the next step",
            watching(0, 120).with(minute),
            EXECUTE,
            Phase::RepairMachines,
        ),
        (
            "at once where no time is declared",
            watching(0, 30),
            EXECUTE,
            Phase::RepairMachines,
        ),
        (
            "after the last step it has failed",
            watching(1, 30),
            FINISH,
            Phase::RepairMachines,
        ),
        (
            "once healthy it has succeeded",
            watching(0, 30).with(healthy),
            FINISH,
            Phase::RepairMachines,
        ),
    ]);
    let plan = watching(0, 120).with(minute).decide();
    let Action::RepairExecute { entry, command } = &plan.operations[0].steps[0].action else {
        panic!("{plan:?}")
    };
    assert_eq!((entry.step, entry.nodename.as_str()), (1, NAMES[4]));
    assert_eq!(command.args, ["repair1", NAMES[4]]);
}

#[test]
fn ended_entries() {
    let ended = |status: RepairStatus| queue(vec![RepairEntry { status, ..repair(4) }]);
    let deleted = || {
        queue(vec![RepairEntry {
            deleted: true,
            ..repair(4)
        }])
    };
    check(vec![
        (
            "succeeded: pods may come back",
            ended(RepairStatus::Succeeded).cordoned(4),
            UNCORDON,
            Phase::UncordonNodes,
        ),
        ("succeeded", ended(RepairStatus::Succeeded), NOTHING, Phase::Completed),
        (
            "failed: pods may come back",
            ended(RepairStatus::Failed).cordoned(4),
            UNCORDON,
            Phase::UncordonNodes,
        ),
        ("failed", ended(RepairStatus::Failed), NOTHING, Phase::Completed),
        (
            "deleted: pods may come back",
            deleted().cordoned(4),
            UNCORDON,
            Phase::UncordonNodes,
        ),
        ("deleted", deleted(), &[("repair-dequeue", 1)], Phase::RepairMachines),
    ]);
}

/// With a disabled queue nothing begins. Where the original shows its phase although nothing is done, ours shows that the
/// cluster is complete, and says that the entry waits.
#[test]
fn a_disabled_queue() {
    let disabled = |entry: RepairEntry| queue(vec![entry]).repairs_disabled();
    let draining = |seconds: i64| {
        disabled(repair_in(4, RepairStepStatus::Draining, seconds))
            .with(drains)
            .cordoned(4)
    };
    let watching = |step: i64, seconds: i64| {
        disabled(RepairEntry {
            step,
            ..repair_in(4, RepairStepStatus::Watching, seconds)
        })
        .cordoned(4)
    };
    let waiting = |seconds: i64| RepairEntry {
        drain_backoff_expire: ago(-seconds),
        ..repair_in(4, RepairStepStatus::Waiting, 600)
    };
    let minute = |s: &mut Site| s.first_step().watch_seconds = Some(60);
    let cases: Vec<Case> = vec![
        ("queued", disabled(repair(4)), NOTHING, Phase::Completed),
        (
            "queued, with a drain",
            disabled(repair(4)).with(drains),
            NOTHING,
            Phase::Completed,
        ),
        ("draining is given up", draining(30), TIMEOUT, Phase::RepairMachines),
        ("draining for too long", draining(1200), TIMEOUT, Phase::RepairMachines),
        (
            "drained",
            draining(30).with(|s| s.observed.repairs.drained = [NAMES[4].to_owned()].into()),
            TIMEOUT,
            Phase::RepairMachines,
        ),
        (
            "rests after a drain",
            disabled(waiting(60)).with(drains),
            NOTHING,
            Phase::Completed,
        ),
        (
            "has rested",
            disabled(waiting(-60)).with(drains),
            NOTHING,
            Phase::Completed,
        ),
        ("watched", watching(0, 30).with(minute), NOTHING, Phase::Completed),
        (
            "watched for long enough",
            watching(0, 120).with(minute),
            NOTHING,
            Phase::Completed,
        ),
        (
            "watched after the last step",
            watching(1, 30),
            FINISH,
            Phase::RepairMachines,
        ),
        (
            "healthy",
            watching(0, 30).with(|s| s.observed.repairs.healthy = [NAMES[4].to_owned()].into()),
            FINISH,
            Phase::RepairMachines,
        ),
        (
            "deleted",
            disabled(RepairEntry {
                deleted: true,
                ..repair(4)
            }),
            &[("repair-dequeue", 1)],
            Phase::RepairMachines,
        ),
    ];
    check(cases);
    let waits = disabled(repair(4)).decide().waits;
    assert_eq!(waits[0].reason.name(), "repair-queue-disabled");
}
