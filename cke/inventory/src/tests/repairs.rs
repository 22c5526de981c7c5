//! Which machines are queued for repair, and which limiter passes one over.

use super::machine;
use crate::{Bmc, Machine, RepairInput, RepairReason, Repairs, State, next_repairs};
use cke_model::reboot::RebootStatus;
use cke_model::{Constraints, RebootEntry, RepairEntry};
use std::collections::BTreeSet;

fn sick(n: u32, state: State, seconds: f64) -> Machine {
    let address = format!("{n}.{n}.{n}.{n}");
    let mut machine = machine(&address, "cs", 0, 0, state);
    machine.spec.serial = format!("{n}{n}{n}{n}");
    machine.spec.bmc = Bmc {
        bmc_type: format!("type{n}"),
    };
    machine.status.duration = seconds;
    machine
}

fn machines() -> [Machine; 4] {
    [
        sick(1, State::Unreachable, 30.0),
        sick(2, State::Unhealthy, 30.0),
        sick(3, State::Unreachable, 3000.0),
        sick(4, State::Unreachable, 30.0),
    ]
}

fn entry(n: u32, operation: &str) -> RepairEntry {
    RepairEntry::new(
        operation,
        &format!("type{n}"),
        &format!("{n}.{n}.{n}.{n}"),
        &format!("{n}{n}{n}{n}"),
    )
}

fn reboot(n: u32, status: RebootStatus) -> RebootEntry {
    RebootEntry {
        status,
        ..RebootEntry::new(&format!("{n}.{n}.{n}.{n}"))
    }
}

fn run(numbers: &[usize], repairs: &[RepairEntry], reboots: &[RebootEntry], nodes: &[u32]) -> Repairs {
    let all = machines();
    let machines: Vec<_> = numbers.iter().map(|n| all[n - 1].clone()).collect();
    let nodes: BTreeSet<_> = nodes.iter().map(|n| format!("{n}.{n}.{n}.{n}")).collect();
    let constraints = Constraints {
        maximum_repairs: 3,
        repair_rebooting_seconds: 300,
        ..Constraints::default()
    };
    next_repairs(&RepairInput {
        machines: &machines,
        repairs,
        reboots,
        nodes: &nodes,
        constraints: &constraints,
    })
}

/// What it is about; sick machines, both queues, nodes; machines that are queued.
type Case<'a> = (
    &'a str,
    &'a [usize],
    Vec<RepairEntry>,
    Vec<RebootEntry>,
    &'a [u32],
    &'a [usize],
);

#[test]
fn machines_are_queued_unless_a_limiter_holds_them() {
    use RebootStatus::{Draining, Rebooting};
    let all: &[u32] = &[1, 2, 3, 4];
    let queue = || vec![entry(2, "unhealthy")];
    let cases: [Case<'_>; 12] = [
        ("nobody is sick", &[], queue(), vec![], all, &[]),
        ("one is", &[1], queue(), vec![], all, &[1]),
        ("one has an entry", &[1, 2, 3], queue(), vec![], all, &[1, 3]),
        (
            "one has an entry for something else",
            &[1, 2, 3],
            vec![entry(2, "unreachable")],
            vec![],
            all,
            &[1, 3],
        ),
        (
            "too many are",
            &[1, 2, 3],
            vec![entry(2, "unhealthy"), entry(4, "unreachable")],
            vec![],
            all,
            &[],
        ),
        ("it reboots", &[1], vec![], vec![reboot(1, Rebooting)], all, &[]),
        (
            "it reboots and is not unreachable",
            &[2],
            vec![],
            vec![reboot(2, Rebooting)],
            all,
            &[2],
        ),
        (
            "it reboots for too long",
            &[3],
            vec![],
            vec![reboot(3, Rebooting)],
            all,
            &[3],
        ),
        (
            "it does not reboot yet",
            &[4],
            vec![],
            vec![reboot(4, Draining)],
            all,
            &[4],
        ),
        ("it is no node", &[1], vec![], vec![], &[], &[]),
        ("it is no node and not unreachable", &[2], vec![], vec![], &[], &[2]),
        (
            "it is no node and unreachable for long",
            &[3],
            vec![],
            vec![],
            &[],
            &[3],
        ),
    ];
    let state = |n: &usize| if *n == 2 { "unhealthy" } else { "unreachable" };
    for (name, sick, repairs, reboots, nodes, expected) in cases {
        let expected: Vec<_> = expected
            .iter()
            .map(|n| entry(u32::try_from(*n).unwrap(), state(n)))
            .collect();
        assert_eq!(run(sick, &repairs, &reboots, nodes).entries, expected, "{name}");
    }
}

#[test]
fn a_machine_that_is_listed_twice_is_queued_once() {
    assert_eq!(run(&[3, 3], &[], &[], &[3]).entries.len(), 1);
}

#[test]
fn a_machine_without_an_address_is_named() {
    let machines = [Machine::default()];
    let constraints = Constraints {
        maximum_repairs: 3,
        ..Constraints::default()
    };
    let nodes = BTreeSet::new();
    let input = RepairInput {
        machines: &machines,
        repairs: &[],
        reboots: &[],
        nodes: &nodes,
        constraints: &constraints,
    };
    let repairs = next_repairs(&input);
    assert_eq!(
        (repairs.entries.len(), repairs.reasons),
        (0, vec![RepairReason::NoAddress { serial: String::new() }])
    );
}

#[test]
fn each_limiter_says_why() {
    let queued = [entry(2, "unhealthy"), entry(4, "unreachable")];
    let reasons = |repairs: Repairs| repairs.reasons.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(
        reasons(run(&[1, 2, 3], &queued, &[], &[1, 2, 3, 4])),
        [
            "machine 2.2.2.2 (2222) has an entry in the repair queue: delete it when the machine is repaired",
            "2 entries in the repair queue and 2 new ones are more than maximum-repair-queue-entries, 3: none is queued",
        ]
    );
    let rebooting = [reboot(1, RebootStatus::Rebooting)];
    assert_eq!(
        reasons(run(&[1, 4], &[], &rebooting, &[1])),
        [
            "machine 1.1.1.1 (1111) is unreachable because it reboots: it has 300 seconds",
            "machine 4.4.4.4 (4444) is unreachable and no node: perhaps it reboots, it has 300 seconds",
        ]
    );
}
