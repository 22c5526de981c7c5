//! Why nothing happens, in words; what a plan costs; and rehearsals.

use crate::fixture::{NAMES, Site, now, queued, repair, site};
use cke_model::Phase;
use cke_plan::{Cost, Explanation, Subject, Wait, WaitReason, WhatIf, WhatIfError, explain};

fn ask(site: &Site, about: &str) -> Explanation {
    explain(&site.desired, &site.observed, &about.parse().unwrap(), now()).unwrap()
}

#[test]
fn subjects_are_read() {
    let subjects = [
        ("", Subject::Cluster),
        ("cluster", Subject::Cluster),
        ("10.0.0.11", Subject::Node("10.0.0.11".to_owned())),
        ("reboot/3", Subject::Reboot(3)),
        ("repair/0", Subject::Repair(0)),
        (
            "Deployment/kube-system/cluster-dns",
            Subject::Resource("Deployment/kube-system/cluster-dns".to_owned()),
        ),
    ];
    for (text, subject) in subjects {
        assert_eq!(text.parse(), Ok(subject));
    }
    for text in ["reboot/x", "repair/", "foo/1"] {
        assert!(text.parse::<Subject>().is_err(), "{text}");
    }
}

#[test]
fn an_entry_says_what_holds_it() {
    let case = site()
        .complete()
        .reboots(vec![queued(1, 4), queued(2, 5)])
        .lost(&[3, 5]);
    let told = ask(&case, "reboot/1");
    assert_eq!((told.phase, told.operations.len()), (Phase::Completed, 0));
    assert_eq!(
        told.to_string(),
        "entry 1 of the reboot queue, while the leader is at completed:\n\
         - entry 1 of the reboot queue: 2 nodes are unreachable (10.0.0.14, 10.0.0.16), and the constraint \
         maximum-unreachable-nodes-for-reboot allows 1; bring them back, or raise it\n"
    );
    let told = ask(&case, NAMES[5]);
    let names: Vec<_> = told.waits.iter().map(|wait| wait.reason.name()).collect();
    assert_eq!(
        names,
        ["too-many-unreachable", "node-unreachable"],
        "its entry, and itself"
    );
}

#[test]
fn an_entry_says_what_is_done() {
    let case = site()
        .complete()
        .reboots(vec![queued(1, 4), queued(2, 5)])
        .repairs(vec![]);
    assert_eq!(ask(&case, "reboot/1").operations, ["reboot-drain-start"]);
    assert_eq!(ask(&case, NAMES[4]).operations, ["reboot-drain-start"]);
    let second = ask(&case, "reboot/2");
    assert_eq!(second.waits[0].reason.name(), "queue-full");
    let repaired = site().complete().repairs(vec![repair(4)]);
    assert_eq!(ask(&repaired, "repair/0").operations, ["repair-execute"]);
    assert_eq!(
        ask(&repaired, NAMES[3]).to_string().lines().last().unwrap(),
        "- nothing is to be done"
    );
}

#[test]
fn entries_wait_for_earlier_phases() {
    let case = site()
        .kubernetes_ready()
        .reboots(vec![queued(1, 4)])
        .repairs(vec![repair(4)]);
    for about in ["reboot/1", "repair/0"] {
        let told = ask(&case, about);
        let reason = WaitReason::EarlierPhase {
            phase: Phase::K8sMaintain,
        };
        assert!(told.waits.iter().any(|wait| wait.reason == reason), "{told:?}");
    }
}

#[test]
fn what_does_not_exist_is_unknown() {
    let case = site().complete();
    for about in ["10.9.9.9", "reboot/9", "repair/9"] {
        let answer = explain(&case.desired, &case.observed, &about.parse().unwrap(), now());
        assert!(answer.unwrap_err().to_string().ends_with("is not known"));
    }
}

/// Each reason says something of its own, and travels as JSON.
#[test]
fn reasons_can_be_stored_and_counted() {
    let mut case = site()
        .complete()
        .reboots(vec![queued(1, 4), queued(2, 4)])
        .repairs(vec![repair(4)])
        .lost(&[0, 5]);
    case.observed.repairs.enabled = false;
    let plan = case.decide();
    let text = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::from_str::<cke_plan::Plan>(&text).unwrap(), plan);
    assert!(text.contains(r#""guard":"node-unreachable""#), "{text}");
    let counted: usize = plan.count_waits().values().sum();
    assert_eq!(counted, plan.waits.len());
    assert!(plan.count_waits().keys().all(|name| WaitReason::NAMES.contains(name)));
    assert!(
        plan.waits
            .iter()
            .all(|wait: &Wait| wait.reason.to_string() != wait.reason.name())
    );
}

#[test]
fn plans_have_a_cost() {
    let bare = site().decide().cost();
    assert_eq!(
        bare,
        Cost {
            nodes: 5,
            starts: 8,
            commands: 16,
            ..Cost::default()
        }
    );
    assert!(!bare.disrupts());
    let outdated = site()
        .complete()
        .with(|s| s.desired.images.kubernetes = "kubernetes:next".to_owned());
    let cost = outdated.decide().cost();
    assert_eq!((cost.restarts, cost.nodes, cost.disrupts()), (1, 1, true));
    let reboot = site().complete().reboots(vec![queued(1, 4)]).decide().cost();
    assert_eq!((reboot.drains, reboot.nodes, reboot.commands), (1, 1, 0));
}

#[test]
fn a_rack_is_lost_in_a_rehearsal() {
    let racks = |s: &mut Site| {
        for (i, node) in s.cluster().nodes.iter_mut().enumerate() {
            let label = ("topology.kubernetes.io/zone".to_owned(), format!("rack{i}"));
            node.labels.get_or_insert_default().extend([label]);
        }
    };
    let mut case = site().complete().with(racks).reboots(vec![queued(1, 4)]);
    let what_if: WhatIf = "rack=2, state=unreachable".parse().unwrap();
    assert_eq!(what_if.to_string(), "rack=2,state=unreachable");
    assert_eq!(what_if.apply(&case.desired, &mut case.observed).unwrap(), [NAMES[2]]);
    let plan = case.decide();
    assert_eq!(plan.phase, Phase::K8sStart);
    assert_eq!(plan.operations[0].name, "update-kubernetes-endpoints");
    assert!(case.observed.etcd.healthy, "two of three are left");
    "node=10.0.0.12,state=unreachable"
        .parse::<WhatIf>()
        .unwrap()
        .apply(&case.desired, &mut case.observed)
        .unwrap();
    assert!(!case.observed.etcd.healthy);
    assert_eq!(case.decide().phase, Phase::EtcdWait);
}

#[test]
fn other_rehearsals() {
    let rehearse = |text: &str| {
        let mut case = site().complete();
        text.parse::<WhatIf>()
            .unwrap()
            .apply(&case.desired, &mut case.observed)
            .unwrap();
        let plan = case.decide();
        (
            plan.phase,
            plan.operations
                .iter()
                .map(|operation| operation.name.clone())
                .collect::<Vec<_>>()
                .join(" "),
        )
    };
    assert_eq!(
        rehearse("node=10.0.0.15,state=bare"),
        (Phase::Rivers, "rivers-bootstrap".to_owned())
    );
    assert_eq!(
        rehearse("node=10.0.0.13,state=etcd-data-lost"),
        (Phase::EtcdMaintain, "etcd-remove-member".to_owned())
    );
    assert_eq!(
        rehearse("role=control-plane,state=api-server-unhealthy"),
        (Phase::K8sMaintain, String::new())
    );
    assert_eq!(
        rehearse("role=worker,state=not-ready"),
        (Phase::Completed, String::new())
    );
}

#[test]
fn rehearsals_that_make_no_sense_are_refused() {
    let error = |text: &str| text.parse::<WhatIf>().unwrap_err().to_string();
    assert_eq!(error("rack"), "\"rack\" is not of the form name=value");
    assert_eq!(
        error("shelf=1,state=bare"),
        "\"shelf\" is not known; there are rack, node, role and state"
    );
    assert_eq!(error("rack=1"), "one of rack, node and role, and one state are needed");
    assert_eq!(
        error("rack=1,node=2,state=bare"),
        "one of rack, node and role, and one state are needed"
    );
    assert_eq!(
        error("rack=1,state=burning"),
        "the state \"burning\" is not known; there are unreachable, bare, not-ready, api-server-unhealthy, etcd-data-lost"
    );
    assert_eq!(
        error("role=king,state=bare"),
        "the role \"king\" is not known; there are control-plane and worker"
    );
    let mut case = site().complete();
    let nowhere: WhatIf = "rack=7,state=bare".parse().unwrap();
    let refused = nowhere.apply(&case.desired, &mut case.observed).unwrap_err();
    assert!(matches!(refused, WhatIfError::NoNode(_)));
    assert_eq!(refused.to_string(), "no node of the cluster fits rack=7");
}
