#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use cke_model::kubernetes::LabelSelector;

fn pod(namespace: &str, phase: &str) -> PodFacts {
    PodFacts {
        namespace: namespace.to_owned(),
        name: "p".to_owned(),
        phase: phase.to_owned(),
        ..PodFacts::default()
    }
}

fn owned(kind: &str, phase: &str, labels: &[(&str, &str)]) -> PodFacts {
    PodFacts {
        owner: Some((kind.to_owned(), "uid".to_owned())),
        labels: labels.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        ..pod("prod", phase)
    }
}

fn jobs(label: Option<(&str, &str)>) -> Selector {
    let selector = label.map(|(key, value)| LabelSelector {
        match_labels: [(key.to_owned(), value.to_owned())].into(),
        ..LabelSelector::default()
    });
    Selector::new(selector.as_ref()).unwrap()
}

fn rules(namespaces: Protected, jobs: Selector) -> Rules {
    Rules { namespaces, jobs }
}

fn only_prod() -> Protected {
    Protected::These(["prod".to_owned()].into())
}

#[test]
fn every_pod_has_one_fate() {
    let mirror = PodFacts {
        mirror: true,
        ..owned("Node", "Running", &[])
    };
    let leaving = PodFacts {
        terminating: true,
        ..pod("prod", "Running")
    };
    let leaving_job = PodFacts {
        terminating: true,
        ..owned("Job", "Running", &[("batch", "keep")])
    };
    let cases = [
        (pod("prod", "Running"), Fate::Evict),
        (pod("prod", "Pending"), Fate::Evict),
        (pod("prod", "Succeeded"), Fate::Evict),
        (pod("dev", "Running"), Fate::EvictOrDelete),
        (owned("ReplicaSet", "Running", &[]), Fate::Evict),
        (owned("StatefulSet", "Failed", &[]), Fate::Evict),
        (owned("DaemonSet", "Running", &[]), Fate::Stays(Stays::DaemonSet)),
        (
            owned("Job", "Pending", &[("batch", "keep")]),
            Fate::Stays(Stays::IdleJob),
        ),
        (owned("Job", "Succeeded", &[]), Fate::Stays(Stays::IdleJob)),
        (owned("Job", "Failed", &[]), Fate::Stays(Stays::IdleJob)),
        (owned("Job", "Running", &[("batch", "keep")]), Fate::Forbids),
        (owned("Job", "Unknown", &[("batch", "keep")]), Fate::Forbids),
        (owned("Job", "Running", &[("batch", "free")]), Fate::Delete),
        (owned("Job", "Running", &[]), Fate::Delete),
        (mirror, Fate::Stays(Stays::Mirror)),
        (leaving, Fate::Leaving),
        (leaving_job, Fate::Forbids),
    ];
    let rules = rules(only_prod(), jobs(Some(("batch", "keep"))));
    for (pod, expected) in cases {
        assert_eq!(fate(&pod, &rules), expected, "{pod:?}");
    }
}

#[test]
fn without_selectors_everything_is_protected() {
    let rules = rules(Protected::All, jobs(None));
    assert_eq!(fate(&pod("dev", "Running"), &rules), Fate::Evict);
    assert_eq!(fate(&owned("Job", "Running", &[]), &rules), Fate::Forbids);
}

#[test]
fn facts_come_from_the_controlling_owner() {
    let object: Pod = serde_json::from_value(serde_json::json!({
        "metadata": {
            "namespace": "ns", "name": "n", "uid": "u", "labels": {"a": "b"},
            "annotations": {"kubernetes.io/config.mirror": "x"},
            "deletionTimestamp": "2026-11-22T00:00:00Z",
            "ownerReferences": [
                {"apiVersion": "v1", "kind": "ConfigMap", "name": "c", "uid": "1"},
                {"apiVersion": "batch/v1", "kind": "Job", "name": "j", "uid": "2", "controller": true},
            ],
        },
        "status": {"phase": "Running"},
    }))
    .unwrap();
    let expected = PodFacts {
        namespace: "ns".to_owned(),
        name: "n".to_owned(),
        uid: "u".to_owned(),
        labels: [("a".to_owned(), "b".to_owned())].into(),
        phase: "Running".to_owned(),
        owner: Some(("Job".to_owned(), "2".to_owned())),
        mirror: true,
        terminating: true,
    };
    assert_eq!(PodFacts::of(&object), expected);
}
