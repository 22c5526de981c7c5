//! Whole rounds.

use super::{cluster, machine, now, shape, template};
use crate::guard::{MOST_GONE_PERCENT, Refusal, Sightings};
use crate::{Error, Input, Machine, Metrics, Outcome, Reason, State, WAIT_RETIRED_SECONDS, next_cluster};
use cke_model::Constraints;
use cke_model::cluster::{Cluster, DEFAULT_REQUEST_LIMIT};
use std::time::{Duration, Instant};

struct Round {
    template: Cluster,
    template_updated: bool,
    only_regenerate: bool,
    current: Option<Cluster>,
    constraints: Constraints,
    machines: Vec<Machine>,
    sightings: Sightings,
    request_limit: usize,
}

fn machines(count: u32) -> Vec<Machine> {
    (1..=count)
        .map(|n| machine(&format!("10.0.0.{n}"), "cs", i64::from(n), 365, State::Healthy))
        .collect()
}

fn round(current: Option<&str>, count: u32) -> Round {
    Round {
        template: template("", &[""]),
        template_updated: false,
        only_regenerate: false,
        current: current.map(cluster),
        constraints: Constraints::documented_defaults(),
        machines: machines(count),
        sightings: Sightings::default(),
        request_limit: DEFAULT_REQUEST_LIMIT,
    }
}

impl Round {
    fn run(&self) -> Outcome {
        next_cluster(&Input {
            template: &self.template,
            template_updated: self.template_updated,
            current: self.current.as_ref(),
            constraints: &self.constraints,
            machines: &self.machines,
            kube_nodes: &[],
            only_regenerate: self.only_regenerate,
            now: now(),
            wait_retired_seconds: WAIT_RETIRED_SECONDS,
            most_gone_percent: MOST_GONE_PERCENT,
            request_limit: self.request_limit,
            sightings: &self.sightings,
        })
    }
}

fn successful(workers: usize, unused: usize) -> Option<Metrics> {
    let workers = (workers > 0).then(|| ("cs".to_owned(), workers)).into_iter().collect();
    Some(Metrics::Successful { workers, unused })
}

#[test]
fn a_first_cluster_is_generated() {
    let outcome = round(None, 3).run();
    assert_eq!(shape(&outcome.cluster.unwrap()), "c1 w2 w3");
    assert_eq!((outcome.change.name, outcome.metrics), ("new", successful(2, 0)));
    assert_eq!(outcome.reasons, []);
}

#[test]
fn nothing_to_do_is_an_answer() {
    let outcome = round(Some("c1 w2 w3"), 3).run();
    assert_eq!((outcome.cluster, outcome.reasons), (None, vec![Reason::NothingToDo]));
    assert_eq!(outcome.metrics, successful(2, 0));
}

#[test]
fn a_new_template_comes_after_the_steps_that_are_necessary() {
    let mut round = round(Some("c1 w2"), 3);
    round.template_updated = true;
    assert_eq!(round.run().change.name, "increase worker");
    round.current = Some(cluster("c1 w2 w3"));
    let outcome = round.run();
    assert_eq!(
        (outcome.change.name, shape(&outcome.cluster.unwrap()).as_str()),
        ("regenerate", "c1 w2 w3")
    );
}

#[test]
fn the_first_round_of_a_leader_applies_a_new_template_only() {
    let mut round = round(Some("c1 w2"), 3);
    round.only_regenerate = true;
    let outcome = round.run();
    assert_eq!(
        (outcome.cluster, outcome.metrics, outcome.reasons),
        (None, None, vec![Reason::NothingToDo])
    );
    round.template_updated = true;
    assert_eq!(shape(&round.run().cluster.unwrap()), "c1 w2 w3");
    round.current = None;
    assert_eq!(round.run().cluster, None);
}

#[test]
fn a_machine_that_is_gone_is_removed_in_the_second_round() {
    let mut round = round(Some("c1 w2 w3 w4"), 3);
    let first = round.run();
    assert_eq!((first.cluster, first.metrics), (None, None));
    assert_eq!(
        first.reasons,
        [Reason::Guard(Refusal::NotConfirmed(vec!["10.0.0.4".to_owned()]))]
    );
    round.sightings = first.sightings;
    let second = round.run();
    assert_eq!(
        (shape(&second.cluster.unwrap()).as_str(), second.change.name),
        ("c1 w2 w3", "remove non-existent node")
    );
    assert_eq!(second.change.changes, ["remove non-existent worker: 10.0.0.4"]);
}

#[test]
fn an_answer_that_is_not_believed_is_a_failure() {
    let outcome = round(Some("c1 w2 w3 w4"), 0).run();
    assert_eq!((outcome.cluster, outcome.metrics), (None, Some(Metrics::Failed)));
    let outcome = round(Some("c1 w2 w3 w4"), 1).run();
    assert!(
        matches!(outcome.reasons.as_slice(), [Reason::Guard(Refusal::TooMany { .. })]),
        "{:?}",
        outcome.reasons
    );
    assert_eq!((outcome.cluster, outcome.metrics), (None, Some(Metrics::Failed)));
}

#[test]
fn constraints_that_cannot_be_satisfied_are_a_failure() {
    let mut round = round(Some("c1 w2"), 2);
    round.constraints.control_plane_count = 3;
    let outcome = round.run();
    assert_eq!((outcome.cluster, outcome.metrics), (None, Some(Metrics::Failed)));
    assert_eq!(outcome.reasons, [Reason::Generator(Error::NotAvailable)]);
}

#[test]
fn odd_machines_are_named_and_passed_over() {
    let mut round = round(Some("c1 w2"), 2);
    round.machines.push(Machine::default());
    round.machines.push(machine("10.0.0.2", "cs", 2, 365, State::Healthy));
    let outcome = round.run();
    let text: Vec<_> = outcome.reasons.iter().map(ToString::to_string).collect();
    let expected = [
        "machine  has no IPv4 address",
        "several machines have the address 10.0.0.2; the last counts, serial-10.0.0.2",
        "the cluster follows the inventory",
    ];
    assert_eq!(text, expected);
}

#[test]
fn a_retired_worker_that_must_stay_is_named() {
    let mut round = round(Some("c1 w2 w3"), 3);
    round.machines[2].status.state = State::Retired;
    let outcome = round.run();
    let text = outcome.reasons[0].to_string();
    assert!(
        text.starts_with("retired worker 10.0.0.3 stays") && text.contains("80 %"),
        "{text}"
    );
}

fn many(count: u32) -> Vec<Machine> {
    let role = |n: u32| if n.is_multiple_of(3) { "ss" } else { "cs" };
    let address = |n: u32| format!("10.{}.{}.{}", n / 60_000, n / 250 % 240, n % 250 + 1);
    (0..count)
        .map(|n| machine(&address(n), role(n), i64::from(n / 28), 365, State::Healthy))
        .collect()
}

#[test]
fn a_cluster_that_etcd_would_refuse_is_not_stored() {
    let mut round = round(None, 0);
    round.machines = many(3_000);
    let outcome = round.run();
    assert!(
        matches!(outcome.reasons.as_slice(), [Reason::TooLarge(_)]),
        "{:?}",
        outcome.reasons
    );
    assert_eq!((outcome.cluster, outcome.metrics), (None, Some(Metrics::Failed)));
    round.request_limit = 100 << 20;
    assert_eq!(round.run().cluster.unwrap().nodes.len(), 3_000);
}

/// A bound for a busy machine without optimizations, which is idle in 0.2 s: work that grows with the square of N would take minutes.
#[test]
fn five_thousand_machines_take_little_time() {
    let mut round = round(None, 0);
    round.template = template("cs", &["cs", "ss"]);
    round.constraints.control_plane_count = 5;
    round.request_limit = 100 << 20;
    round.machines = many(5_000);
    let started = Instant::now();
    let generated = round.run().cluster.unwrap();
    let new = started.elapsed();
    assert_eq!(generated.nodes.len(), 5_000);
    round.current = Some(generated);
    let started = Instant::now();
    assert_eq!(round.run().reasons, [Reason::NothingToDo]);
    let idle = started.elapsed();
    assert!(new + idle < Duration::from_secs(5), "{new:?} and {idle:?}");
}
