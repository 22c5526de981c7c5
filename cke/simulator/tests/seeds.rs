//! Simulations that must hold, and seeds that once broke a promise.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::print_stdout, reason = "a test says how long it took")]

use cke_model::controls::Budget;
use cke_simulator::{Report, Scenario, run};

/// Runs scenarios, and names every one that breaks a promise.
fn all_hold(scenarios: impl IntoIterator<Item = Scenario>) -> Vec<Report> {
    let (mut reports, mut broken) = (Vec::new(), Vec::new());
    for scenario in scenarios {
        match run(&scenario) {
            Ok(report) => reports.push(report),
            Err(error) => broken.push(format!("seed {}: {error}", scenario.seed)),
        }
    }
    assert!(broken.is_empty(), "{} broken\n{}", broken.len(), broken.join("\n"));
    reports
}

fn with_budget(seed: u64) -> Scenario {
    Scenario {
        budget: Budget {
            cluster: Some(4),
            per_rack: Some(2),
            ..Budget::default()
        },
        ..Scenario::small(seed)
    }
}

#[test]
fn small_clusters_keep_every_promise() {
    all_hold((0..40).map(Scenario::small));
}

#[test]
fn small_clusters_with_a_budget_keep_every_promise() {
    all_hold((1000..1020).map(with_budget));
}

/// Seeds that once broke a promise, with what they found.
#[test]
fn found_seeds_stay_mended() {
    // A repair power-cycled one of the two members of etcd that were left.
    all_hold([9, 36].map(Scenario::small));
    // A bootstrap of etcd that failed half way was never done again.
    all_hold([14].map(Scenario::small));
    // API servers waited for a budget that stopped kubelets had spent, and these waited for the API servers.
    all_hold([1002, 1009, 1012, 1016].map(with_budget));
}

#[test]
fn the_same_seed_gives_the_same_history() {
    let reports = all_hold([7, 7, 8].map(Scenario::small));
    assert_eq!(reports[0], reports[1]);
    assert_ne!(reports[0].digest, reports[2].digest);
}

#[test]
fn five_control_planes_keep_every_promise() {
    let five = |seed| Scenario {
        control_planes: 5,
        workers: 40,
        ..Scenario::small(seed)
    };
    all_hold((2000..2010).map(five));
}

/// This many nodes and events take half a minute to a minute of one core; the test says how long they took.
#[test]
fn ten_thousand_nodes_and_a_thousand_events() {
    let begin = std::time::Instant::now();
    let scenario = Scenario {
        seed: 1,
        control_planes: 5,
        workers: 9995,
        racks: 350,
        events: 1000,
        burst: 40,
        max_concurrent_updates: 2000,
        budget: Budget::default(),
    };
    let report = all_hold([scenario]).remove(0);
    println!("{report:?} in {:?}", begin.elapsed());
}
