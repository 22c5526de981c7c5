//! The brake stops everything; the budget pays for disruptions.

use crate::fixture::{NAMES, Site, queued, repair, site};
use crate::world::World;
use cke_model::{Budget, Freeze, Phase};
use cke_plan::{Disruption, Plan, Subject, WaitReason, spending};
use gojson::GoTime;

const ZONE: &str = "topology.kubernetes.io/zone";

fn frozen(s: &mut Site) {
    s.desired.controls.frozen = Some(Freeze {
        by: "alice".to_owned(),
        since: GoTime::utc(crate::fixture::now()),
        why: "power work".to_owned(),
        ..Freeze::default()
    });
}

/// Two nodes a rack: 0 and 1, 2 and 3, 4 and 5.
fn racks(s: &mut Site) {
    for (i, node) in s.cluster().nodes.iter_mut().enumerate() {
        node.labels
            .get_or_insert_default()
            .insert(ZONE.to_owned(), format!("rack{}", i / 2));
    }
    for (i, node) in s.observed.kubernetes.nodes.iter_mut().enumerate() {
        node.labels.insert(ZONE.to_owned(), format!("rack{}", i / 2));
    }
}

fn budget(per_rack: Option<i64>, cluster: Option<i64>) -> impl Fn(&mut Site) {
    move |s| {
        s.desired.controls.budget = Budget {
            per_rack,
            cluster,
            ..Budget::default()
        }
    }
}

fn targets(plan: &Plan) -> Vec<(&str, Vec<&str>)> {
    let strs = |targets: &'_ [String]| -> Vec<&'static str> {
        NAMES
            .iter()
            .copied()
            .filter(|name| targets.iter().any(|target| target == name))
            .collect()
    };
    plan.operations
        .iter()
        .map(|o| (o.name.as_str(), strs(&o.targets)))
        .collect()
}

#[test]
fn a_frozen_cluster_shows_its_phase_and_does_nothing() {
    for (case, phase) in [
        (site(), Phase::Rivers),
        (site().proxied(), Phase::EtcdBoot),
        (site().complete().reboots(vec![queued(1, 4)]), Phase::RebootNodes),
        (site().complete().repairs(vec![repair(4)]), Phase::RepairMachines),
        (site().complete(), Phase::Completed),
    ] {
        let free = case.decide();
        let plan = case.with(frozen).decide();
        assert_eq!((plan.phase, plan.operations.len()), (phase, 0));
        let held = plan.waits.iter().filter(|wait| wait.reason.name() == "frozen");
        let held: Vec<_> = held.map(|wait| wait.subject.clone()).collect();
        let expected = free.operations.iter().map(|operation| Subject::Operation {
            name: operation.name.clone(),
            targets: operation.targets.clone(),
        });
        assert_eq!(held, [Subject::Cluster].into_iter().chain(expected).collect::<Vec<_>>());
    }
    let plan = site().complete().with(frozen).decide();
    assert_eq!(
        plan.waits[0].to_string(),
        "the cluster: frozen by alice since 2031-05-06T07:08:09Z (power work); `ckecli thaw` lets it go on"
    );
}

#[test]
fn restarts_are_paid_rack_by_rack() {
    let outdated = site()
        .complete()
        .with(racks)
        .with(|s| s.desired.images.tools = "tools:next".to_owned());
    let all = outdated.clone().decide();
    assert_eq!(targets(&all)[0].1.len(), 5, "no limit by default");
    let plan = outdated.clone().with(budget(Some(1), None)).decide();
    assert_eq!(
        targets(&plan)[0],
        ("rivers-restart", vec![NAMES[0], NAMES[2], NAMES[4]])
    );
    assert_eq!(
        targets(&plan)[1],
        ("etcd-rivers-restart", vec![NAMES[0], NAMES[2]]),
        "paid already"
    );
    let plan = outdated.clone().with(budget(None, Some(2))).decide();
    assert_eq!(targets(&plan)[0], ("rivers-restart", vec![NAMES[0], NAMES[1]]));
    let plan = outdated.clone().with(budget(None, Some(0))).decide();
    assert_eq!((plan.operations.len(), plan.phase), (0, Phase::Completed));
    let mut world = World::new(outdated.with(budget(Some(1), Some(1))));
    world.complete();
    assert_eq!(world.history.iter().filter(|name| *name == "rivers-restart").count(), 6);
}

#[test]
fn nodes_that_are_out_of_service_spend() {
    let case = site()
        .complete()
        .with(racks)
        .with(|s| s.desired.images.tools = "tools:next".to_owned());
    let case = case
        .with(budget(Some(1), None))
        .with(|s| s.observed.kubernetes.nodes[4].ready = false);
    let plan = case.decide();
    assert_eq!(
        targets(&plan)[0].1,
        [NAMES[0], NAMES[2], NAMES[4]],
        "it costs nothing more, its neighbour waits"
    );
    let waits = plan
        .waits
        .iter()
        .filter(|wait| wait.subject == Subject::Node(NAMES[5].to_owned()));
    let text: Vec<_> = waits.map(ToString::to_string).collect();
    assert_eq!(
        text,
        [
            "node 10.0.0.16: the budget of rack rack2 allows 1 disrupted nodes at once, spent by 10.0.0.15 (not ready); it goes \
          on when one is back in service"
        ]
    );
}

#[test]
fn reboots_and_repairs_are_paid() {
    let entries = || vec![queued(1, 3), queued(2, 4), queued(3, 5)];
    let reboots = site().complete().reboots(entries()).with(racks);
    let reboots = reboots.with(|s| s.cluster().reboot.max_concurrent_reboots = Some(3));
    let plan = reboots.with(budget(Some(1), None)).decide();
    assert_eq!(targets(&plan), [("reboot-drain-start", vec![NAMES[3], NAMES[4]])]);
    assert!(
        plan.waits
            .iter()
            .any(|w| w.subject == Subject::Reboot(3) && w.reason.name() == "budget-spent")
    );

    let repairs = site()
        .complete()
        .repairs(vec![repair(5)])
        .with(racks)
        .with(budget(Some(1), None));
    assert_eq!(targets(&repairs.decide()), [("repair-execute", vec![NAMES[5]])]);
    let full = repairs
        .clone()
        .with(|s| s.observed.kubernetes.nodes[4].ready = false)
        .decide();
    assert_eq!((full.operations.len(), full.phase), (0, Phase::Completed));
    let broken = repairs.lost(&[5]).decide();
    assert_eq!(
        broken.operations.len(),
        1,
        "a machine that is out already costs nothing more"
    );
}

#[test]
fn taints_that_evict_and_removals_are_paid() {
    let tainted = |s: &mut Site| {
        for i in [3, 4, 5] {
            let taint = cke_model::kubernetes::Taint {
                key: "sabakan.cke.cybozu.com/state".to_owned(),
                effect: "NoExecute".to_owned(),
                ..Default::default()
            };
            s.cluster().nodes[i].taints.get_or_insert_default().push(taint);
        }
    };
    let plan = site()
        .complete()
        .with(racks)
        .with(tainted)
        .with(budget(None, Some(2)))
        .decide();
    assert_eq!(targets(&plan), [("update-node", vec![NAMES[3], NAMES[4]])]);

    let strangers = ["10.0.0.20", "10.0.0.21"].map(|name| crate::fixture::kube_node(name, &[], &[], &[]));
    let removal = site().complete_with(strangers.to_vec());
    let plan = removal.with(budget(None, Some(1))).decide();
    let [operation] = plan.operations.as_slice() else {
        panic!("{plan:?}")
    };
    assert_eq!(
        (operation.name.as_str(), operation.steps[0].target.as_str()),
        ("remove-node", "10.0.0.20")
    );
}

#[test]
fn api_servers_wait_for_the_budget_and_all_others_for_them() {
    let case = site()
        .complete()
        .with(|s| s.desired.images.kubernetes = "kubernetes:next".to_owned());
    let plan = case.with(budget(None, Some(0))).decide();
    assert_eq!(plan.operations, Vec::new());
    assert!(
        plan.waits
            .iter()
            .all(|w| matches!(w.reason, WaitReason::BudgetSpent { .. } | WaitReason::Turn { .. }))
    );
}

#[test]
fn who_spends_is_shown_without_a_limit_too() {
    let case = site()
        .complete()
        .lost(&[3])
        .cordoned(4)
        .with(|s| s.observed.kubernetes.nodes[5].ready = false);
    let spent = spending(&case.desired, &case.observed, crate::fixture::now());
    let spent: Vec<_> = spent.into_iter().map(|spender| (spender.node, spender.by)).collect();
    let expected = [
        (NAMES[3].to_owned(), Disruption::Unreachable),
        (NAMES[4].to_owned(), Disruption::Cordoned),
        (NAMES[5].to_owned(), Disruption::NotReady),
    ];
    assert_eq!(spent, expected);
}
