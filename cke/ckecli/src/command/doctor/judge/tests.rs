//! Tables of cases: what was seen, and what is made of it.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::super::finding::{Finding, Grade};
use super::super::sight::{
    Answer, CertificateSight, ClusterSight, EtcdSight, LeaderSight, NodeSight, Sight, StorageSight, StoredSight,
    VaultSight,
};
use super::{all, etcd, node, services};
use cke_etcd::MemberState;
use cke_model::Freeze;
use jiff::{Timestamp, ToSpan};
use std::collections::BTreeMap;

const NOW: i64 = 1_800_000_000;
const DAY: i64 = 24 * 60 * 60;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn now() -> Timestamp {
    at(NOW)
}

/// Findings that are not good, as `BAD what place: seen`.
fn wrong(findings: &[Finding]) -> Vec<String> {
    let wrong = findings.iter().filter(|finding| finding.grade != Grade::Good);
    wrong
        .map(|finding| {
            assert!(!finding.advice.is_empty(), "{finding:?} says what to do");
            let [grade, what, place, seen, _] = finding.row().try_into().unwrap();
            format!("{grade} {what} {place}: {seen}")
        })
        .collect()
}

#[test]
fn a_leader_lives_when_it_looks_or_works() {
    let leader = |read_before: i64, step_before: Option<i64>| LeaderSight {
        name: Some("boot-0".to_owned()),
        status: Some(("completed".to_owned(), at(NOW - read_before))),
        step: step_before.map(|before| ("run-container of kubelet-restart".to_owned(), at(NOW - before))),
    };
    let newly = LeaderSight {
        status: None,
        ..leader(0, None)
    };
    let cases = [
        (LeaderSight::default(), &["BAD leader -: nobody leads"][..]),
        (newly, &["WARNING leader boot-0: leads and has no status yet"]),
        (leader(30, None), &[]),
        (
            leader(-60, None),
            &["WARNING leader boot-0: phase completed, -60 s ago"],
        ),
        (leader(1_000, None), &["BAD leader boot-0: phase completed, 1000 s ago"]),
        (leader(1_000, Some(60)), &[]),
        (
            leader(2_000, Some(1_000)),
            &["BAD leader boot-0: phase completed, 2000 s ago; at run-container of kubelet-restart for 1000 s"],
        ),
    ];
    for (seen, want) in cases {
        assert_eq!(wrong(&[services::leader(&seen, now())]), want, "{seen:?}");
    }
}

#[test]
fn what_is_stored_is_judged() {
    let seen = StoredSight {
        unreadable: vec![("constraints".to_owned(), "no JSON".to_owned())],
        cluster: Some(Err("node a: no address".to_owned())),
        frozen: Some(Freeze {
            by: "alice".to_owned(),
            why: "network".to_owned(),
            ..Freeze::default()
        }),
    };
    let found = wrong(&services::stored(&seen));
    assert_eq!(
        found[..2],
        [
            "BAD key in etcd constraints: no JSON",
            "BAD declaration -: node a: no address"
        ]
    );
    assert!(
        found[2].starts_with("WARNING brake -: frozen by alice since "),
        "{found:?}"
    );
    let none = services::stored(&StoredSight::default());
    assert_eq!(wrong(&none), ["WARNING declaration -: no cluster is declared"]);
    let good = StoredSight {
        cluster: Some(Ok(3)),
        ..StoredSight::default()
    };
    assert!(wrong(&services::stored(&good)).is_empty());
}

#[test]
fn vault_and_authorities_are_judged() {
    let seen = VaultSight {
        url: "https://vault".to_owned(),
        authorities: vec![
            ("server", Ok(at(NOW + 3_000 * DAY))),
            ("kubernetes", Ok(at(NOW + 300 * DAY))),
            ("etcd-peer", Ok(at(NOW - 2 * DAY))),
            ("etcd-client", Ok(at(NOW - 60))),
            ("kubernetes-webhook", Err("not there".to_owned())),
        ],
        ssh_keys: Some(Ok(false)),
        no_encryption_key: Some("none".to_owned()),
    };
    assert_eq!(
        wrong(&services::vault(&Ok(seen), now())),
        [
            "WARNING authority kubernetes: ends in 300 days",
            "BAD authority etcd-peer: ended 2 days ago",
            "BAD authority etcd-client: ended 0 days ago",
            "BAD authority kubernetes-webhook: not there",
            "BAD ssh keys -: there is none",
            "BAD encryption key -: none",
        ]
    );
    assert_eq!(
        wrong(&services::vault(&Err("sealed".to_owned()), now())),
        ["BAD vault -: sealed"]
    );
}

/// A member that is well.
fn member(id: u64) -> Answer<MemberState> {
    Ok(MemberState {
        id,
        version: "3.6.11".to_owned(),
        leader: 1,
        applied: 10_000,
        db_size: 20 << 20,
        db_used: 10 << 20,
        quota: 2 << 30,
        ..MemberState::default()
    })
}

fn etcd_of(states: [Answer<MemberState>; 3]) -> EtcdSight {
    let names = ["a", "b", "c"].map(str::to_owned);
    EtcdSight {
        declared: names.clone().into(),
        members: Some(Ok(names.clone().into())),
        states: names.into_iter().zip(states).collect(),
    }
}

fn with(id: u64, change: impl FnOnce(&mut MemberState)) -> Answer<MemberState> {
    member(id).map(|mut state| {
        change(&mut state);
        state
    })
}

#[test]
fn members_of_etcd_are_judged() {
    const ALONE: &str = "WARNING etcd -: 2 of 3 members answer: it serves no more when another is lost";
    let gone = || Err("no answer".to_owned());
    let cases = [
        ([member(1), member(2), member(3)], &[][..]),
        ([member(1), gone(), member(3)], &["BAD etcd member b: no answer", ALONE]),
        (
            [member(1), with(2, |state| state.applied = 5_000), member(3)],
            &["WARNING etcd member b: lags 5000 entries behind"],
        ),
        ([member(1), with(2, |state| state.applied = 9_990), member(3)], &[]),
        (
            [member(1), with(2, |state| state.leader = 0), member(3)],
            &["BAD etcd member b: knows no leader"],
        ),
        (
            [member(1), member(2), with(3, |state| state.learner = true)],
            &["WARNING etcd member c: is a learner"],
        ),
        (
            [with(1, |state| state.db_size = 1_800 << 20), member(2), member(3)],
            &["WARNING etcd member a: its file has 1800 of 2048 MiB, 10 MiB are in use"],
        ),
    ];
    for (states, want) in cases {
        let seen = etcd_of(states);
        assert_eq!(wrong(&etcd::judge(&seen)), want, "{seen:?}");
    }
}

#[test]
fn alarms_of_etcd_are_told_once_and_where_they_are() {
    let alarm = |state: &mut MemberState| {
        state.complaints = vec![
            "memberID:2 alarm:NOSPACE ".to_owned(),
            "memberID:2 alarm:NOSPACE ".to_owned(),
        ];
    };
    let seen = etcd_of([with(1, alarm), with(2, alarm), with(3, alarm)]);
    assert_eq!(
        wrong(&etcd::judge(&seen)),
        ["BAD etcd member b: memberID:2 alarm:NOSPACE"]
    );
    let corrupt = |state: &mut MemberState| state.complaints = vec!["memberID:22 alarm:CORRUPT".to_owned()];
    let findings = etcd::judge(&etcd_of([with(1, corrupt), member(2), member(3)]));
    let finding = findings
        .iter()
        .find(|finding| finding.seen.contains("CORRUPT"))
        .unwrap();
    assert!(
        finding.place.is_empty() && finding.advice.contains("differs"),
        "{finding:?}"
    );
}

#[test]
fn a_majority_and_the_right_members_are_wanted() {
    let mut seen = etcd_of([member(1), Err("x".to_owned()), Err("y".to_owned())]);
    seen.members = Some(Err("no member could list".to_owned()));
    assert_eq!(
        wrong(&etcd::judge(&seen)),
        ["BAD etcd -: no majority of its members serves (1 of 3 answer): no member could list"]
    );
    let mut seen = etcd_of([member(1), member(2), member(3)]);
    seen.declared = ["a", "b", "d"].map(str::to_owned).into();
    assert_eq!(
        wrong(&etcd::judge(&seen)),
        [
            "WARNING etcd member d: is no member yet",
            "WARNING etcd member c: is a member and no control plane"
        ]
    );
    assert!(etcd::judge(&EtcdSight::default()).is_empty(), "it was not looked at");
}

/// A node that is well.
fn well() -> NodeSight {
    NodeSight {
        skew: Some(0),
        docker: Some("26.1.5".to_owned()),
        ..NodeSight::default()
    }
}

fn certificate(begins: i64, ends: i64) -> CertificateSight {
    CertificateSight {
        path: "/etc/kubernetes/pki/kubelet.crt".to_owned(),
        begins: at(NOW + begins * DAY),
        ends: at(NOW + ends * DAY),
    }
}

#[test]
fn nodes_are_judged() {
    let node = |change: fn(&mut NodeSight)| {
        let mut node = well();
        change(&mut node);
        node
    };
    let cases = [
        (node(|_| {}), &[][..]),
        (
            node(|node| node.skew = Some(-600)),
            &["WARNING clock a: its clock differs from ours by -600 s"],
        ),
        (node(|node| node.skew = None), &["WARNING clock a: cannot be read"]),
        (
            node(|node| {
                node.docker = None;
                node.stopped = vec!["kubelet".to_owned()];
            }),
            &["BAD docker a: does not answer"],
        ),
        (
            node(|node| {
                node.stopped = vec!["kubelet".to_owned(), "rivers".to_owned()];
                node.missing_images = vec!["etcd:1".to_owned()];
            }),
            &[
                "BAD containers a: not running: kubelet, rivers",
                "WARNING images a: docker has no etcd:1",
            ],
        ),
        (
            node(|node| {
                let disks = [("/", "space", 84), ("/var", "space", 91), ("/var", "inodes", 100)];
                node.disks = disks.map(|(place, kind, used)| (place.to_owned(), kind, used)).to_vec();
            }),
            &[
                "WARNING disk a: /var: 91 % of its space are used",
                "BAD disk a: /var: 100 % of its inodes are used",
            ],
        ),
    ];
    for (seen, want) in cases {
        assert_eq!(wrong(&node::judge("a", &seen, now())), want, "{seen:?}");
    }
}

#[test]
fn certificates_on_nodes_are_judged_by_their_ends() {
    const PLACE: &str = "certificate a /etc/kubernetes/pki/kubelet.crt";
    let cases = [
        (certificate(-10, 3_640), None),
        (certificate(-3_600, 50), Some("WARNING X: ends in 50 days, at ")),
        // A certificate of a day is made anew each day.
        (certificate(0, 1), None),
        (certificate(-3_650, -1), Some("BAD X: ended at ")),
    ];
    for (seen, want) in cases {
        let node = NodeSight {
            certificates: vec![seen],
            ..well()
        };
        let found = wrong(&node::judge("a", &node, now()));
        let begins = want.map(|want| want.replace('X', PLACE));
        match begins {
            None => assert!(found.is_empty(), "{found:?}"),
            Some(begins) => assert!(found.len() == 1 && found[0].starts_with(&begins), "{found:?}"),
        }
    }
}

#[test]
fn where_most_clocks_differ_from_ours_ours_is_wrong() {
    let nodes = |skews: &[i64]| -> BTreeMap<String, Answer<NodeSight>> {
        let node = |(at, skew): (usize, &i64)| {
            let node = NodeSight {
                skew: Some(*skew),
                ..well()
            };
            (at.to_string(), Ok(node))
        };
        skews.iter().enumerate().map(node).collect()
    };
    for (skews, ours) in [
        (&[0, 1, 600][..], false),
        (&[600, 601, 0], true),
        (&[-600, -601, -599, 2], true),
        (&[600], false),
        (&[], false),
    ] {
        assert_eq!(node::our_clock(&nodes(skews)).is_some(), ours, "{skews:?}");
    }
}

#[test]
fn all_of_it_is_judged_as_far_as_it_could_be_seen() {
    let storage = StorageSight {
        leader: LeaderSight {
            name: Some("boot-0".to_owned()),
            status: Some(("completed".to_owned(), now().checked_sub(5.seconds()).unwrap())),
            step: None,
        },
        stored: StoredSight {
            cluster: Some(Ok(2)),
            ..StoredSight::default()
        },
    };
    let cluster = ClusterSight {
        etcd: EtcdSight {
            declared: ["a".to_owned()].into(),
            members: Some(Ok(["a".to_owned()].into())),
            states: [("a".to_owned(), member(1))].into(),
        },
        api_servers: [("a".to_owned(), Err("it answers 500".to_owned()))].into(),
        nodes: [
            ("a".to_owned(), Ok(well())),
            ("b".to_owned(), Err("refused".to_owned())),
        ]
        .into(),
    };
    let mut sight = Sight {
        now: now(),
        storage: Ok(storage),
        vault: Some(Ok(VaultSight {
            ssh_keys: Some(Ok(true)),
            ..VaultSight::default()
        })),
        cluster: Some(Ok(cluster)),
    };
    let findings = all(&sight);
    assert_eq!(
        wrong(&findings),
        ["BAD API server a: it answers 500", "BAD ssh b: refused"]
    );
    assert!(
        findings
            .iter()
            .any(|finding| finding.what == "nodes" && finding.place == "a"),
        "{findings:?}"
    );

    sight.cluster = Some(Err("no way".to_owned()));
    assert_eq!(wrong(&all(&sight)), ["WARNING cluster -: not looked at: no way"]);
    sight.storage = Err("cannot read config.yml".to_owned());
    assert_eq!(wrong(&all(&sight)), ["BAD etcd of CKE -: cannot read config.yml"]);
}
