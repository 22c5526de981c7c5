#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use cke_model::Phase;
use jiff::Timestamp;
use proptest::prelude::*;

fn at(second: i64) -> GoTime {
    GoTime::utc(Timestamp::from_second(second).unwrap())
}

fn wait(subject: Subject, reason: WaitReason) -> Wait {
    Wait { subject, reason }
}

fn plan(waits: Vec<Wait>) -> Plan {
    Plan {
        phase: Phase::Completed,
        operations: Vec::new(),
        waits,
    }
}

fn node(name: &str) -> Subject {
    Subject::Node(name.to_owned())
}

fn unreachable(name: &str, because: &str) -> Wait {
    let because = Some(because.to_owned());
    wait(node(name), WaitReason::NodeUnreachable { because })
}

#[test]
fn the_first_sight_counts_whatever_else_is_said() {
    let (a, b) = (unreachable("a", "refused"), unreachable("b", "refused"));
    let first = WaitsSince::default().carry(&plan(vec![a.clone()]), at(10));
    let second = first.carry(&plan(vec![unreachable("a", "no route"), b.clone()]), at(20));
    assert_eq!((second.of(&a), second.of(&b)), (Some(at(10)), Some(at(20))));
    // Another reason is another wait, and one that was away begins anew.
    let other = wait(node("a"), WaitReason::NodeNotRegistered {});
    let third = second.carry(&plan(vec![other.clone(), b.clone()]), at(30));
    assert_eq!(
        (third.of(&other), third.of(&b), third.of(&a)),
        (Some(at(30)), Some(at(20)), None)
    );
    let fourth = third.carry(&plan(vec![a.clone()]), at(40));
    assert_eq!(fourth.of(&a), Some(at(40)));
}

#[test]
fn a_reason_that_knows_its_beginning_is_believed() {
    let draining = |since| {
        let (since, until) = (at(since), at(900));
        wait(Subject::Reboot(1), WaitReason::Draining { since, until })
    };
    let first = WaitsSince::default().carry(&plan(vec![draining(5)]), at(10));
    assert_eq!(first.of(&draining(5)), Some(at(5)));
    // The entry was tried again.
    let second = first.carry(&plan(vec![draining(15)]), at(20));
    assert_eq!(second.of(&draining(15)), Some(at(15)));
}

#[test]
fn nothing_began_in_the_future() {
    let a = unreachable("a", "refused");
    let ahead = WaitsSince::default().carry(&plan(vec![a.clone()]), at(1_000));
    assert_eq!(ahead.carry(&plan(vec![a.clone()]), at(20)).of(&a), Some(at(20)));
}

#[test]
fn a_rack_that_is_lost_is_one_entry() {
    let waits = ["a", "b", "c"].map(|name| unreachable(name, "refused"));
    let since = WaitsSince::default().carry(&plan(waits.to_vec()), at(10));
    let stored = serde_json::to_value(&since).unwrap();
    let want = serde_json::json!({"waits": [{
        "guard": "node-unreachable",
        "since": "1970-01-01T00:00:10Z",
        "subjects": [{"node": "a"}, {"node": "b"}, {"node": "c"}],
    }]});
    assert_eq!(stored, want);
    assert_eq!(serde_json::from_value::<WaitsSince>(stored).unwrap(), since);
}

#[test]
fn the_longest_waits_are_kept() {
    let (a, b) = (unreachable("a", ""), unreachable("b", ""));
    let since = WaitsSince::default().carry(&plan(vec![b.clone()]), at(10));
    let since = since.carry(&plan(vec![a.clone(), b.clone()]), at(20)).longest(1);
    assert_eq!((since.of(&a), since.of(&b)), (None, Some(at(10))));
}

/// Some of a few waits, as one round sees them.
fn round() -> impl Strategy<Value = Vec<Wait>> {
    let reason = |which: usize| match which {
        0 => WaitReason::NodeNotRegistered {},
        1 => WaitReason::RebootQueueDisabled {},
        _ => WaitReason::EtcdUnhealthy {},
    };
    let one = (0..4_i64, 0..3_usize).prop_map(move |(index, which)| wait(Subject::Reboot(index), reason(which)));
    proptest::collection::vec(one, 0..12)
}

proptest! {
    /// Over many rounds, and through the store between them: a wait is known since the first round of those that saw it one after the other.
    #[test]
    fn each_wait_is_known_since_it_was_seen_without_a_break(rounds in proptest::collection::vec(round(), 1..8)) {
        let mut since = WaitsSince::default();
        for (second, waits) in (0_i64..).zip(&rounds) {
            let stored = serde_json::to_string(&since).unwrap();
            let before: WaitsSince = serde_json::from_str(&stored).unwrap();
            since = before.carry(&plan(waits.clone()), at(second));
            for wait in waits {
                let past = rounds[..=usize::try_from(second).unwrap()].iter().rev();
                let seen = past.take_while(|waits| waits.contains(wait)).count();
                prop_assert_eq!(since.of(wait), Some(at(second + 1 - i64::try_from(seen).unwrap())));
            }
        }
    }
}
