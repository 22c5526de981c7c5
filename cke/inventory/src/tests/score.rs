//! Scores for the control plane.

use super::{machine, now};
use crate::State;
use crate::score::{RackCount, score, score_with_health};

#[test]
fn racks_count_most_then_lifetimes() {
    let cases = [
        ("an empty rack", 0, 0, State::Healthy, &[][..], 1000),
        ("the state does not matter", 1, 0, State::Retiring, &[], 1000),
        ("three in the rack", 1, 0, State::Healthy, &[(0, 2), (1, 3)], 970),
        ("thirteen in the rack", 1, 0, State::Healthy, &[(0, 2), (1, 13)], 870),
        ("just 250 days", 1, 250, State::Healthy, &[], 1000),
        ("more than 250 days", 1, 251, State::Healthy, &[], 1001),
        ("more than 500 days", 1, 548, State::Healthy, &[], 1002),
        ("more than 1,000 days", 1, 1096, State::Healthy, &[], 1003),
        ("overdue by more than 250 days", 1, -365, State::Healthy, &[], 999),
        ("overdue by more than 500 days", 1, -548, State::Healthy, &[], 998),
        ("overdue by more than 1,000 days", 1, -1096, State::Healthy, &[], 997),
        ("both", 2, 548, State::Retiring, &[(2, 9)], 912),
    ];
    for (name, rack, days, state, racks, expected) in cases {
        let racks: RackCount = racks.iter().copied().collect();
        assert_eq!(
            score(&machine("10.0.0.1", "", rack, days, state), &racks, now()),
            expected,
            "{name}"
        );
    }
}

#[test]
fn healthy_machines_are_above_all_others() {
    let racks: RackCount = [(0, 2), (1, 3), (2, 9)].into_iter().collect();
    let cases = [
        (2, 548, State::Healthy, 1912),
        (1, 0, State::Unhealthy, 970),
        (2, 548, State::Retiring, 912),
    ];
    for (rack, days, state, expected) in cases {
        assert_eq!(
            score_with_health(&machine("10.0.0.1", "", rack, days, state), &racks, now()),
            expected
        );
    }
}
