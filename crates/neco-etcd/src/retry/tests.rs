use super::*;
use crate::failure::Verdict;

fn tried(attempts: u32) -> Tried {
    Tried {
        attempts,
        ..Tried::default()
    }
}

fn not_done() -> Failure {
    Failure::NotDone("refused".into())
}

#[test]
fn a_write_is_repeated_only_when_it_was_not_done() {
    let unknown = Failure::Unknown("reset".into());
    assert_eq!(
        decide(Safety::Write, &unknown, tried(1), 3),
        Next::GiveUp { pass_on: true }
    );
    assert_eq!(
        decide(Safety::Write, &Failure::NoAnswer, tried(1), 3),
        Next::GiveUp { pass_on: true }
    );
    assert!(matches!(
        decide(Safety::Write, &not_done(), tried(1), 3),
        Next::Again { pass_on: true, .. }
    ));
    assert!(matches!(
        decide(Safety::Read, &unknown, tried(1), 3),
        Next::Again { pass_on: true, .. }
    ));
    assert!(matches!(
        decide(Safety::Read, &Failure::NoAnswer, tried(1), 3),
        Next::Again { pass_on: true, .. }
    ));
}

#[test]
fn a_refusal_is_final_and_no_fault_of_the_member() {
    let refused = Failure::Final(Verdict::PermissionDenied);
    assert_eq!(
        decide(Safety::Read, &refused, tried(1), 3),
        Next::GiveUp { pass_on: false }
    );
}

#[test]
fn a_bad_token_is_renewed_twice_at_most() {
    let failure = Failure::Token("invalid auth token".to_owned());
    for authentications in 0..2 {
        let tried = Tried {
            attempts: 1,
            authentications,
            out_of_time: false,
        };
        let next = decide(Safety::Write, &failure, tried, 3);
        assert!(
            matches!(
                next,
                Next::Again {
                    authenticate: true,
                    pass_on: false,
                    ..
                }
            ),
            "{next:?}"
        );
    }
    let tried = Tried {
        attempts: 3,
        authentications: 2,
        out_of_time: false,
    };
    assert_eq!(
        decide(Safety::Write, &failure, tried, 3),
        Next::GiveUp { pass_on: false }
    );
}

#[test]
fn there_is_no_pause_before_every_member_was_tried_and_then_a_growing_one() {
    let pause = |attempts| match decide(Safety::Read, &not_done(), tried(attempts), 3) {
        Next::Again { pause, .. } => pause,
        Next::GiveUp { .. } => Duration::MAX,
    };
    assert_eq!([pause(1), pause(2)], [Duration::ZERO; 2]);
    assert!(pause(3) > Duration::ZERO && pause(6) > pause(3));
    assert_eq!(pause(10_000), LONGEST_PAUSE);
    let late = Tried {
        out_of_time: true,
        ..tried(3)
    };
    assert_eq!(
        decide(Safety::Read, &not_done(), late, 3),
        Next::GiveUp { pass_on: true }
    );
}
