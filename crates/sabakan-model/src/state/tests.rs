#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
use super::*;

#[test]
fn the_seven_states_and_their_transitions() {
    let allowed = [
        (Uninitialized, vec![Healthy, Retiring]),
        (Healthy, vec![Unhealthy, Unreachable, Updating, Retiring]),
        (Unhealthy, vec![Healthy, Unreachable, Updating, Retiring]),
        (Unreachable, vec![Healthy, Unhealthy, Updating, Retiring]),
        (Updating, vec![Uninitialized]),
        (Retiring, vec![Retired]),
        (Retired, vec![Uninitialized]),
    ];
    assert_eq!(allowed.len(), MachineState::ALL.len());
    for (from, successors) in allowed {
        for to in MachineState::ALL {
            match from.transition(to) {
                Ok(changes) => assert!((changes && successors.contains(&to)) || (!changes && from == to)),
                Err(error) => assert!(!successors.contains(&to) && from != to, "{error}"),
            }
        }
    }
}

#[test]
fn errors_say_what_would_be_allowed() {
    let error = Retiring.transition(Healthy).unwrap_err().to_string();
    assert_eq!(
        error,
        "transition from [ retiring ] to [ healthy ] is forbidden; allowed from here: retired"
    );
    assert!(
        "Healthy"
            .parse::<MachineState>()
            .unwrap_err()
            .to_string()
            .contains("one of uninitialized, healthy,")
    );
}

#[test]
fn names_are_read_back() {
    for state in MachineState::ALL {
        assert_eq!(state.as_str().parse(), Ok(state));
        assert_eq!(state.accepts_disk_keys(), !matches!(state, Retiring | Retired));
    }
}
