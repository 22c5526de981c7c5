#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::HashMap;
use std::net::Ipv4Addr;

use proptest::prelude::*;

use super::*;

const GRACE: SignedDuration = SignedDuration::from_secs(10);
const START: Timestamp = Timestamp::constant(1_800_000_000, 0);

fn at(seconds: i64) -> Timestamp {
    START.checked_add(SignedDuration::from_secs(seconds)).unwrap()
}

fn mac(number: u8) -> Mac {
    Mac::new(&[2, 0, 0, 0, 0, number]).unwrap()
}

fn state(count: u32) -> RangeState {
    RangeState::new(
        Range {
            first: Ipv4Addr::new(10, 69, 0, 32),
            count,
        },
        GRACE,
    )
}

fn lease(state: &mut RangeState, number: u8, index: u32, until: i64, now: i64) -> Result<(), Conflict> {
    let change = Change::Lease {
        mac: mac(number),
        index,
        until: at(until),
    };
    state.apply(&change, at(now), &mut Undo::default())
}

fn next(state: &mut RangeState, number: u8, now: i64) -> Option<u32> {
    state.facts(&mac(number), None, Share::ALONE, at(now)).next
}

#[test]
fn an_expired_lease_rests_for_the_grace() {
    let mut state = state(1);
    lease(&mut state, 1, 0, 100, 0).unwrap();
    assert_eq!(next(&mut state, 2, 105), None);
    assert_eq!(lease(&mut state, 2, 0, 200, 105), Err(Conflict));
    assert_eq!(next(&mut state, 2, 111), Some(0));
    lease(&mut state, 2, 0, 200, 111).unwrap();
    assert_eq!(state.len(), 1, "the old entry is gone");
}

#[test]
fn a_client_finds_its_expired_address_if_nobody_needed_it() {
    let mut state = state(2);
    lease(&mut state, 1, 1, 100, 0).unwrap();
    let facts = state.facts(&mac(1), None, Share::ALONE, at(500));
    assert_eq!(facts.mine.unwrap().index, 1);
    state.hold(mac(2), 1, at(500));
    assert_eq!(
        state.facts(&mac(1), None, Share::ALONE, at(501)).mine,
        None,
        "it is on its way to another"
    );
}

#[test]
fn offers_are_shared_out_and_expire() {
    let mut state = state(4);
    let share = Share { rank: 1, of: 2 };
    let facts = state.facts(&mac(1), None, share, at(0));
    assert_eq!(facts.next, Some(1));
    state.hold(mac(1), 1, at(0));
    assert_eq!(state.facts(&mac(2), None, share, at(1)).next, Some(3));
    state.hold(mac(2), 3, at(1));
    assert_eq!(state.facts(&mac(3), None, share, at(2)).next, Some(0), "then anybody's");
    assert_eq!(state.facts(&mac(1), None, share, at(3)).offered, Some(1));
    assert_eq!(
        state.facts(&mac(4), None, share, at(62)).next,
        Some(1),
        "nobody took it"
    );
    assert_eq!(state.facts(&mac(1), None, share, at(62)).offered, None);
}

#[test]
fn an_offer_ends_when_another_server_leases_its_address() {
    let mut state = state(2);
    state.hold(mac(1), 0, at(0));
    state.rest(
        1,
        Some(Rest {
            mac: mac(3),
            until: at(100),
            revision: 1,
        }),
    );
    let taken = format!(
        r#"{{"02:00:00:00:00:08":{{"index":0,"lease":"{}"}},"02:00:00:00:00:09":{{"index":1,"lease":"{}"}}}}"#,
        at(100),
        at(100)
    );
    state.load(taken.as_bytes()).unwrap();
    let facts = state.facts(&mac(1), None, Share::ALONE, at(1));
    assert_eq!((facts.offered, facts.next), (None, None));
    assert_eq!(next(&mut state, 3, 1), None, "nor does a rest keep it");
}

#[test]
fn a_flood_of_discovers_cannot_lock_a_range() {
    let mut state = state(2);
    state.hold(mac(1), 0, at(0));
    state.hold(mac(2), 1, at(1));
    assert_eq!(next(&mut state, 3, 5), None);
    assert_eq!(next(&mut state, 3, 11), Some(0), "the oldest offer goes");
    state.hold(mac(3), 0, at(11));
    assert_eq!(state.facts(&mac(1), None, Share::ALONE, at(12)).offered, None);
}

#[test]
fn a_rest_keeps_an_address_for_its_old_client() {
    let mut state = state(1);
    state.rest(
        0,
        Some(Rest {
            mac: mac(1),
            until: at(100),
            revision: 7,
        }),
    );
    assert_eq!(next(&mut state, 2, 0), None);
    assert_eq!(lease(&mut state, 2, 0, 100, 0), Err(Conflict));
    assert_eq!(next(&mut state, 1, 0), Some(0));
    assert_eq!(next(&mut state, 2, 111), Some(0), "its time is over");
}

#[test]
fn an_address_in_use_is_avoided() {
    let mut state = state(2);
    state.avoid(0, at(600));
    assert_eq!(next(&mut state, 1, 0), Some(1));
    assert_eq!(next(&mut state, 1, 601), Some(0));
}

#[test]
fn a_declined_address_is_parked_under_the_stored_formats_key() {
    let mut state = state(2);
    lease(&mut state, 1, 1, 100, 0).unwrap();
    let decline = Change::Decline {
        mac: mac(1),
        index: 1,
        until: at(200),
    };
    state.apply(&decline, at(1), &mut Undo::default()).unwrap();
    assert_eq!(
        state.render(),
        format!(r#"{{"ff:00:00:00:00:01":{{"index":1,"lease":"{}"}}}}"#, at(200))
    );
    assert_eq!(
        state.apply(&decline, at(2), &mut Undo::default()),
        Err(Conflict),
        "it is not the client's any more"
    );
}

#[test]
fn two_clients_at_one_index_are_both_kept() {
    let mut state = state(2);
    let value = format!(
        r#"{{"02:00:00:00:00:01":{{"index":0,"lease":"{}"}},"02:00:00:00:00:02":{{"index":0,"lease":"{}"}}}}"#,
        at(100),
        at(200)
    );
    state.load(value.as_bytes()).unwrap();
    state
        .apply(&Change::Release { mac: mac(2), index: 0 }, at(0), &mut Undo::default())
        .unwrap();
    assert_eq!(lease(&mut state, 3, 0, 300, 0), Err(Conflict), "the first still has it");
}

#[test]
fn renewing_often_grows_nothing() {
    let mut state = state(4);
    for second in 0..10_000 {
        lease(&mut state, 1, 0, second + 100, second).unwrap();
    }
    assert!(state.expiries.len() <= 80, "{}", state.expiries.len());
}

#[derive(Debug, Clone)]
enum Step {
    Wait(u8),
    Hold(u8),
    Take(u8),
    Release(u8),
    Decline(u8),
    Undone(u8),
    Reload,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..80_u8).prop_map(Step::Wait),
        (0..12_u8).prop_map(Step::Hold),
        (0..12_u8).prop_map(Step::Take),
        (0..12_u8).prop_map(Step::Release),
        (0..12_u8).prop_map(Step::Decline),
        (0..12_u8).prop_map(Step::Undone),
        Just(Step::Reload),
    ]
}

proptest! {
    /// Whatever is done, no address is two clients' at a time, and what is stored says the same as what is in memory.
    #[test]
    fn no_address_is_two_clients(steps in proptest::collection::vec(step(), 1..120)) {
        let mut state = state(5);
        let mut now = 0;
        let mut held: HashMap<u32, (u8, i64)> = HashMap::new();
        for step in steps {
            match step {
                Step::Wait(seconds) => now += i64::from(seconds),
                Step::Hold(n) => if let Some(index) = next(&mut state, n, now) {
                    state.hold(mac(n), index, at(now));
                },
                Step::Take(n) => {
                    let facts = state.facts(&mac(n), None, Share::ALONE, at(now));
                    let wanted = facts.mine.map(|held| held.index).or(facts.offered).or(facts.next);
                    if let Some(index) = wanted && lease(&mut state, n, index, now + 60, now).is_ok() {
                        let old = held.insert(index, (n, now + 60));
                        prop_assert!(old.is_none_or(|(who, until)| who == n || until < now), "{old:?} then {n} at {now}");
                    }
                }
                Step::Release(n) | Step::Decline(n) => {
                    let facts = state.facts(&mac(n), None, Share::ALONE, at(now));
                    let Some(mine) = facts.mine else { continue };
                    let (mac, index) = (mac(n), mine.index);
                    let change = match step {
                        Step::Release(_) => Change::Release { mac, index },
                        _ => Change::Decline { mac, index, until: at(now + 60) },
                    };
                    state.apply(&change, at(now), &mut Undo::default()).unwrap();
                    held.remove(&index);
                }
                Step::Undone(n) => {
                    let before = state.render();
                    let facts = state.facts(&mac(n), None, Share::ALONE, at(now));
                    if let Some(index) = facts.next {
                        let mut undo = Undo::default();
                        let change = Change::Lease { mac: mac(n), index, until: at(now + 60) };
                        let _any = state.apply(&change, at(now), &mut undo);
                        state.revert(undo);
                    }
                    prop_assert_eq!(state.render(), before);
                }
                Step::Reload => {
                    let stored = state.render();
                    state.load(stored.as_bytes()).unwrap();
                    prop_assert_eq!(state.render(), stored);
                }
            }
            prop_assert!(state.len() <= 17, "entries are bounded by addresses and clients");
        }
    }
}
