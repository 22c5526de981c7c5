//! When an inventory that shrank is believed.

use super::{cluster, machine};
use crate::guard::{MOST_GONE_PERCENT, Refusal, Sightings, check};
use crate::{Machine, State};
use cke_model::cluster::Cluster;

fn machines(numbers: impl Iterator<Item = u32>) -> Vec<Machine> {
    numbers
        .map(|n| machine(&format!("10.0.0.{n}"), "cs", 0, 0, State::Healthy))
        .collect()
}

fn of_size(nodes: u32) -> Cluster {
    let words: Vec<_> = (1..=nodes).map(|n| format!("w{n}")).collect();
    cluster(&words.join(" "))
}

/// Answers in a row, each lacking the machines given, and what is said to each.
fn judge(nodes: u32, answers: &[&[u32]]) -> Vec<Result<(), Refusal>> {
    let cluster = of_size(nodes);
    let mut sightings = Sightings::default();
    let mut judge = |lacking: &[u32]| {
        let listed = machines((1..=nodes).filter(|n| !lacking.contains(n)));
        let (next, judgement) = check(Some(&cluster), &listed, &sightings, MOST_GONE_PERCENT);
        sightings = next;
        judgement
    };
    answers.iter().map(|lacking| judge(lacking)).collect()
}

fn unconfirmed(numbers: &[u32]) -> Result<(), Refusal> {
    Err(Refusal::NotConfirmed(
        numbers.iter().map(|n| format!("10.0.0.{n}")).collect(),
    ))
}

#[test]
fn a_machine_is_gone_when_two_answers_in_a_row_lack_it() {
    assert_eq!(judge(50, &[&[], &[3], &[3]]), [Ok(()), unconfirmed(&[3]), Ok(())]);
    assert_eq!(
        judge(50, &[&[3], &[], &[3]]),
        [unconfirmed(&[3]), Ok(()), unconfirmed(&[3])]
    );
    assert_eq!(
        judge(50, &[&[3], &[3, 4], &[3, 4]]),
        [unconfirmed(&[3]), unconfirmed(&[4]), Ok(())]
    );
}

#[test]
fn at_most_a_tenth_goes_at_once_and_one_in_any_case() {
    assert_eq!(judge(50, &[&[1, 2, 3, 4, 5], &[1, 2, 3, 4, 5]])[1], Ok(()));
    assert_eq!(judge(3, &[&[2], &[2]])[1], Ok(()));
    let refused = judge(3, &[&[2, 3], &[2, 3], &[2, 3]]);
    assert!(
        refused.iter().all(|r| matches!(
            r,
            Err(Refusal::TooMany {
                gone: 2,
                nodes: 3,
                allowed: 1,
                ..
            })
        )),
        "{refused:?}"
    );
    let refused = judge(50, &[&[1, 2, 3, 4, 5, 6]]).remove(0).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "sabakan does not list 6 of the 50 nodes any more (10.0.0.1, 10.0.0.2, 10.0.0.3, 10.0.0.4, 10.0.0.5, ...), and at most 5 may go at \
         once: correct the inventory or the query's variables, or raise the limit"
    );
}

#[test]
fn an_empty_answer_changes_nothing_and_counts_for_nothing() {
    let cluster = of_size(20);
    let (once, _) = check(
        Some(&cluster),
        &machines(2..=20),
        &Sightings::default(),
        MOST_GONE_PERCENT,
    );
    let (same, empty) = check(Some(&cluster), &[], &once, MOST_GONE_PERCENT);
    assert_eq!((empty, &same), (Err(Refusal::Empty), &once));
    assert_eq!(
        check(Some(&cluster), &machines(2..=20), &same, MOST_GONE_PERCENT).1,
        Ok(())
    );
    assert_eq!(
        check(None, &[], &Sightings::default(), MOST_GONE_PERCENT).1,
        Err(Refusal::Empty)
    );
}

#[test]
fn machines_that_come_and_first_clusters_pass() {
    assert_eq!(
        check(None, &machines(1..=3), &Sightings::default(), MOST_GONE_PERCENT).1,
        Ok(())
    );
    assert_eq!(
        check(
            Some(&of_size(3)),
            &machines(1..=9),
            &Sightings::default(),
            MOST_GONE_PERCENT
        )
        .1,
        Ok(())
    );
}
