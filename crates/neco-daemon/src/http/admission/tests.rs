#![allow(clippy::unwrap_used, reason = "tests")]

use super::gate::{Gate, Verdict};
use super::*;

#[test]
fn a_flood_of_searches_leaves_the_rest_of_the_places() {
    let mut gate = Gate::new(Limits::of(8));
    let verdicts: Vec<Verdict> = (0..6).map(|_| gate.arrive(Class::Search)).collect();
    assert_eq!(
        verdicts[..4],
        [Verdict::Run, Verdict::Run, Verdict::Wait, Verdict::Wait]
    );
    assert!(matches!(verdicts[4], Verdict::Refuse { .. }));
    let api = (0..8).filter(|_| gate.arrive(Class::Api) == Verdict::Run).count();
    assert_eq!(api, 4, "the API and searches together stay within six of eight");
    assert_eq!(gate.arrive(Class::Boot), Verdict::Run);
    assert_eq!(gate.arrive(Class::Boot), Verdict::Run);
    assert_eq!(gate.arrive(Class::Boot), Verdict::Wait);
}

#[test]
fn the_most_important_that_waits_goes_first() {
    let mut gate = Gate::new(Limits::of(4));
    (0..4).for_each(|_| assert_eq!(gate.arrive(Class::Boot), Verdict::Run));
    for class in [Class::Search, Class::Api, Class::Boot] {
        assert_eq!(gate.arrive(class), Verdict::Wait);
    }
    assert_eq!(gate.next(), None);
    let mut order = Vec::new();
    for _ in 0..4 {
        gate.leave(Class::Boot);
        order.extend(gate.next());
    }
    assert_eq!(order, [Class::Boot, Class::Api, Class::Search]);
}

/// Ten times as many as fit, over and over, in every mix: places are never overbooked, and none is lost.
#[test]
fn counts_come_out_even_under_any_load() {
    let limits = Limits::of(8);
    let mut gate = Gate::new(limits);
    let mut running: Vec<Class> = Vec::new();
    let mut waiting = [0_usize; 3];
    let mut seed = 12345_u64;
    for _ in 0..100_000 {
        seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        let class = Class::ALL[usize::try_from(seed >> 40).unwrap() % 3];
        let arrives = (seed >> 20) % 11 < 6;
        if arrives {
            match gate.arrive(class) {
                Verdict::Run => running.push(class),
                Verdict::Wait => waiting[class.index()] += 1,
                Verdict::Refuse { retry_after } => assert!(!retry_after.is_zero()),
            }
        } else if !running.is_empty() {
            let index = usize::try_from(seed >> 44).unwrap() % running.len();
            gate.leave(running.swap_remove(index));
            while let Some(next) = gate.next() {
                waiting[next.index()] -= 1;
                running.push(next);
            }
        }
        assert!(running.len() <= limits.places);
        for class in Class::ALL {
            let runs = running.iter().filter(|r| **r == class).count();
            assert_eq!(gate.load(class), (runs, waiting[class.index()]));
        }
    }
}

#[tokio::test]
async fn who_goes_away_gives_the_place_to_the_next() {
    let admission = Admission::new(Limits::of(4), Duration::from_secs(20));
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(admission.enter(Class::Boot).await.unwrap());
    }
    let impatient = admission.clone();
    let gone = tokio::spawn(async move { impatient.enter(Class::Boot).await });
    while admission.load(Class::Boot).1 == 0 {
        tokio::task::yield_now().await;
    }
    gone.abort();
    assert!(gone.await.unwrap_err().is_cancelled());
    let patient = admission.clone();
    let next = tokio::spawn(async move { patient.enter(Class::Api).await });
    while admission.load(Class::Api).1 == 0 {
        tokio::task::yield_now().await;
    }
    held.pop();
    let permit = next.await.unwrap().unwrap();
    assert_eq!(
        (admission.load(Class::Boot), admission.load(Class::Api)),
        ((3, 0), (1, 0))
    );
    drop((permit, held));
    assert_eq!(admission.load(Class::Boot), (0, 0));
}

#[tokio::test]
async fn waiting_ends_with_a_refusal() {
    let admission = Admission::new(Limits::of(4), Duration::from_millis(20));
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(admission.enter(Class::Boot).await.unwrap());
    }
    admission.enter(Class::Search).await.unwrap_err();
    drop(held);
    admission.enter(Class::Search).await.unwrap();
}
