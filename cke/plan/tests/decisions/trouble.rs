//! What is wrong and only a person can mend is said, with what to do, whatever else is done.

use crate::fixture::{NAMES, Site, now, site};
use cke_model::Phase;
use cke_plan::decide;

fn with_clocks(ahead: &[i64]) -> Site {
    site().complete().with(|s| {
        for (i, seconds) in ahead.iter().enumerate() {
            s.node(i).clock_ahead = Some(*seconds);
        }
    })
}

/// What is said of a cluster that is complete.
fn told(site: &Site) -> Vec<String> {
    let plan = decide(&site.desired, &site.observed, now());
    assert_eq!((plan.phase, plan.operations.len()), (Phase::Completed, 0));
    plan.waits.iter().map(ToString::to_string).collect()
}

#[test]
fn clocks_that_agree_are_not_spoken_of() {
    assert_eq!(told(&with_clocks(&[0, 60, -60, 1, 0, 0])), <[&str; 0]>::default());
}

#[test]
fn a_node_whose_clock_differs_is_named() {
    assert_eq!(
        told(&with_clocks(&[0, 0, 0, -61, 0, 0])),
        ["node 10.0.0.14: its clock is 61 s behind ours: mend its time service"]
    );
}

#[test]
fn where_most_nodes_differ_our_clock_is_the_wrong_one() {
    let words = told(&with_clocks(&[600, 601, 599, 600, 0, 600]));
    assert_eq!(words.len(), 1, "{words:?}");
    assert!(
        words[0].starts_with(
            "the cluster: the clock of the boot server that leads is 600 s behind that of most nodes: mend its time"
        ),
        "{words:?}"
    );
    let one = told(&with_clocks(&[-600]));
    assert!(
        one[0].contains("600 s ahead of that of most nodes"),
        "one node that says it is most of them: {one:?}"
    );
}

#[test]
fn components_and_members_that_run_and_cannot_be_asked_are_named() {
    let ended = "cannot be asked: invalid peer certificate: certificate expired: verification time 2 (UNIX), but it ended (1 seconds ago)";
    let case = site().complete().with(|s| {
        s.node(4).kubelet.unhealthy_because = Some("it answers 500".to_owned());
        s.node(0).scheduler.unhealthy_because = Some(ended.to_owned());
        s.observed
            .etcd
            .unhealthy_because
            .insert(NAMES[1].to_owned(), ended.to_owned());
        s.node(2).etcd.service.running = false;
        s.node(2).etcd.is_added_member = true;
        s.observed
            .etcd
            .unhealthy_because
            .insert(NAMES[2].to_owned(), "refused".to_owned());
    });
    let plan = decide(&case.desired, &case.observed, now());
    let words: Vec<_> = plan.waits.iter().map(ToString::to_string).collect();
    let says = |parts: &[&str]| words.iter().any(|words| parts.iter().all(|part| words.contains(part)));
    assert!(
        says(&[
            NAMES[4],
            "kubelet runs and is not healthy: it answers 500; see its log there"
        ]),
        "{words:#?}"
    );
    assert!(
        says(&[
            NAMES[0],
            "kube-scheduler",
            "certificate expired; the certificate has ended",
            "docker rm -f"
        ]),
        "{words:#?}"
    );
    assert!(
        says(&[
            NAMES[1],
            "a member of etcd runs and does not serve",
            "certificate expired;"
        ]),
        "{words:#?}"
    );
    assert!(!says(&["refused"]), "what does not run is started: {words:#?}");
}
