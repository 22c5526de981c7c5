//! The reboot queue.

use crate::fixture::{NAMES, Site, ago, check, draining, queued, rebooting, site};
use cke_model::Phase;
use cke_model::reboot::{RebootEntry, RebootStatus};

const START: &[(&str, usize)] = &[("reboot-drain-start", 1)];
const GO: &[(&str, usize)] = &[("reboot-delete-daemonset-pod", 1), ("reboot-reboot", 1)];
const BACK: &[(&str, usize)] = &[("reboot-drain-timeout", 1)];
const DONE: &[(&str, usize)] = &[("reboot-dequeue", 1)];
const NOTHING: &[(&str, usize)] = &[];

fn queue(entries: Vec<RebootEntry>) -> Site {
    site().complete().reboots(entries)
}

fn at_once(limit: i64) -> impl Fn(&mut Site) {
    move |s| s.cluster().reboot.max_concurrent_reboots = Some(limit)
}

fn drained(index: i64) -> impl Fn(&mut Site) {
    move |s| s.observed.reboots.drained = [index].into()
}

fn booted(index: i64) -> impl Fn(&mut Site) {
    move |s| s.observed.reboots.booted = [index].into()
}

/// The same for so many seconds.
fn since(entry: RebootEntry, seconds: i64) -> RebootEntry {
    RebootEntry {
        last_transition_time: ago(seconds),
        ..entry
    }
}

#[test]
fn nodes_are_rebooted() {
    check(vec![
        (
            "one at a time",
            queue(vec![queued(1, 4), queued(2, 5)]),
            START,
            Phase::RebootNodes,
        ),
        (
            "no command is declared",
            queue(vec![queued(1, 4)]).with(|s| s.cluster().reboot.reboot_command = None),
            NOTHING,
            Phase::Completed,
        ),
        (
            "an empty node reboots",
            queue(vec![draining(1, 4)]).with(drained(1)),
            GO,
            Phase::RebootNodes,
        ),
        (
            "a node that drains",
            queue(vec![draining(1, 4)]),
            NOTHING,
            Phase::Completed,
        ),
        (
            "a node that boots",
            queue(vec![rebooting(1, 4)]),
            NOTHING,
            Phase::Completed,
        ),
        (
            "a node that has booted",
            queue(vec![rebooting(1, 4)]).with(booted(1)),
            DONE,
            Phase::RebootNodes,
        ),
        (
            "a node that has booted, in a disabled queue",
            queue(vec![rebooting(1, 4)]).with(booted(1)).reboots_disabled(),
            DONE,
            Phase::RebootNodes,
        ),
        (
            "a node that left the cluster",
            queue(vec![RebootEntry {
                node: "10.9.9.9".to_owned(),
                ..draining(1, 4)
            }]),
            DONE,
            Phase::RebootNodes,
        ),
        (
            "a cancelled entry",
            queue(vec![RebootEntry {
                status: RebootStatus::Cancelled,
                ..queued(1, 4)
            }]),
            &[("reboot-cancel", 1)],
            Phase::RebootNodes,
        ),
    ]);
}

#[test]
fn drains_end() {
    check(vec![
        (
            "in time",
            queue(vec![since(draining(1, 4), 599)]),
            NOTHING,
            Phase::Completed,
        ),
        (
            "too late",
            queue(vec![since(draining(1, 4), 601)]),
            BACK,
            Phase::RebootNodes,
        ),
        (
            "too late, but empty at last",
            queue(vec![since(draining(1, 4), 601)]).with(drained(1)),
            GO,
            Phase::RebootNodes,
        ),
        (
            "by the declared time",
            queue(vec![since(draining(1, 4), 601)]).with(|s| s.cluster().reboot.eviction_timeout_seconds = Some(1000)),
            NOTHING,
            Phase::Completed,
        ),
        (
            "queued and rebooting nodes do not drain",
            queue(vec![since(rebooting(1, 4), 601)]),
            NOTHING,
            Phase::Completed,
        ),
    ]);
}

#[test]
fn unreachable_nodes_stop_new_drains_only() {
    let two_away = |entry: RebootEntry| queue(vec![entry]).lost(&[3, 4]);
    check(vec![
        ("a new one", two_away(queued(1, 4)), NOTHING, Phase::Completed),
        (
            "an empty node reboots",
            two_away(draining(1, 4)).with(drained(1)),
            GO,
            Phase::RebootNodes,
        ),
        (
            "a drain is given up",
            two_away(since(draining(1, 4), 601)),
            BACK,
            Phase::RebootNodes,
        ),
        (
            "an entry ends",
            two_away(rebooting(1, 4)).with(booted(1)),
            DONE,
            Phase::RebootNodes,
        ),
        (
            "nodes that reboot do not count",
            queue(vec![rebooting(1, 4), queued(2, 5)])
                .lost(&[3, 4])
                .with(at_once(2)),
            START,
            Phase::RebootNodes,
        ),
    ]);
}

#[test]
fn etcd_must_be_in_sync() {
    let behind = |s: &mut Site| {
        s.observed.etcd.in_sync.remove(NAMES[0]);
    };
    check(vec![
        (
            "for a new drain",
            queue(vec![queued(1, 4)]).with(behind),
            NOTHING,
            Phase::RebootNodes,
        ),
        (
            "for a reboot",
            queue(vec![draining(1, 4)]).with(drained(1)).with(behind),
            NOTHING,
            Phase::RebootNodes,
        ),
        (
            "not for what ends",
            queue(vec![rebooting(1, 4)]).with(booted(1)).with(behind),
            DONE,
            Phase::RebootNodes,
        ),
    ]);
}

#[test]
fn control_planes_that_are_out_may_reboot() {
    let lost = |entry: RebootEntry| queue(vec![entry]).lost(&[1]).master_not_ready(1);
    let sick = |entry: RebootEntry| queue(vec![entry]).unhealthy_api_server(1).master_not_ready(1);
    check(vec![
        (
            "one that is away",
            lost(queued(1, 1)).etcd_not_ready(1),
            START,
            Phase::RebootNodes,
        ),
        ("a worker meanwhile", lost(queued(1, 3)), START, Phase::RebootNodes),
        (
            "one whose API server is not healthy",
            sick(queued(1, 1)).etcd_not_ready(1),
            START,
            Phase::RebootNodes,
        ),
        ("a worker meanwhile", sick(queued(1, 3)), START, Phase::RebootNodes),
        (
            "not another control plane",
            sick(queued(1, 2)),
            NOTHING,
            Phase::Completed,
        ),
    ]);
}

#[test]
fn control_planes_come_last_and_alone() {
    let out = |site: Site, i: usize| site.master_not_ready(i).etcd_not_ready(i);
    let rest = |i: usize| RebootEntry {
        drain_backoff_expire: ago(-60),
        ..queued(9, i)
    };
    check(vec![
        (
            "workers first",
            queue(vec![queued(1, 0), queued(2, 4)]),
            START,
            Phase::RebootNodes,
        ),
        (
            "a worker in progress",
            queue(vec![queued(1, 0), rebooting(2, 4)]),
            NOTHING,
            Phase::Completed,
        ),
        (
            "one control plane",
            out(queue(vec![queued(1, 0), queued(2, 1)]), 0),
            START,
            Phase::RebootNodes,
        ),
        (
            "not beside another",
            out(queue(vec![rebooting(1, 0), queued(2, 1)]), 0),
            NOTHING,
            Phase::Completed,
        ),
        (
            "no worker beside it",
            out(queue(vec![rebooting(1, 0), queued(2, 4)]), 0),
            NOTHING,
            Phase::Completed,
        ),
        (
            "a worker that rests does not count",
            out(queue(vec![rest(4), queued(2, 0)]), 0),
            START,
            Phase::RebootNodes,
        ),
    ]);
    let order = queue(vec![queued(1, 0), queued(2, 4)]).decide();
    assert_eq!(order.operations[0].targets, [NAMES[4]]);
}

#[test]
fn as_many_workers_at_once_as_declared() {
    const TWO: &[(&str, usize)] = &[("reboot-drain-start", 2)];
    let three = || vec![queued(1, 3), queued(2, 4), queued(3, 5)];
    check(vec![
        ("one by default", queue(three()), START, Phase::RebootNodes),
        (
            "two new drains begin together",
            queue(three()).with(at_once(2)),
            TWO,
            Phase::RebootNodes,
        ),
        (
            "all",
            queue(three()).with(at_once(9)),
            &[("reboot-drain-start", 3)],
            Phase::RebootNodes,
        ),
        (
            "what is in progress counts",
            queue(vec![rebooting(1, 3), queued(2, 4), queued(3, 5)]).with(at_once(2)),
            START,
            Phase::RebootNodes,
        ),
        (
            "a node is rebooted once at a time",
            queue(vec![queued(1, 4), queued(2, 4)]).with(at_once(2)),
            START,
            Phase::RebootNodes,
        ),
    ]);
}

#[test]
fn failed_drains_rest() {
    let resting = RebootEntry {
        drain_backoff_expire: ago(-60),
        drain_backoff_count: 1,
        ..queued(1, 4)
    };
    let rested = RebootEntry {
        drain_backoff_expire: ago(60),
        drain_backoff_count: 1,
        ..queued(1, 4)
    };
    check(vec![
        (
            "for their time",
            queue(vec![resting.clone()]),
            NOTHING,
            Phase::Completed,
        ),
        (
            "meanwhile the next goes on",
            queue(vec![resting, queued(2, 5)]),
            START,
            Phase::RebootNodes,
        ),
        ("then it starts again", queue(vec![rested]), START, Phase::RebootNodes),
    ]);
}

#[test]
fn nodes_become_schedulable_again() {
    check(vec![
        (
            "one that CKE had cordoned",
            site().complete().cordoned(0),
            &[("reboot-uncordon", 1)],
            Phase::UncordonNodes,
        ),
        (
            "not one that a person has",
            site()
                .complete()
                .with(|s| s.observed.kubernetes.nodes[0].unschedulable = true),
            NOTHING,
            Phase::Completed,
        ),
        (
            "not while it is worked on",
            queue(vec![rebooting(1, 4)]).cordoned(4),
            NOTHING,
            Phase::Completed,
        ),
    ]);
}
