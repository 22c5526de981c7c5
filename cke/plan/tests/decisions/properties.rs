//! What holds for every decision, whatever the cluster looks like.

mod changes;

use crate::fixture::{Site, queued, repair, site};
use crate::world::World;
use changes::{Change, apply, change};
use cke_model::operation::Action;
use cke_plan::{Plan, Subject, touched};
use proptest::prelude::*;

/// A cluster, begun or complete, with changes.
fn changed(start: usize, changes: Vec<Change>) -> Site {
    let site = match start {
        0 => site(),
        1 => site().all_services(),
        _ => site().complete(),
    };
    let mut site = site.reboot_config().repair_config();
    changes.into_iter().for_each(|change| apply(&mut site, change));
    site
}

/// Operations touch nodes of the cluster that answer.
fn touches_what_answers(site: &Site, plan: &Plan) {
    for step in plan.operations.iter().flat_map(|operation| &operation.steps) {
        let on_nodes = match &step.action {
            Action::PullImage { nodes, .. }
            | Action::MakeDirs { nodes, .. }
            | Action::EmptyDir { nodes, .. }
            | Action::InstallCni { nodes, .. }
            | Action::StopContainer { nodes, .. }
            | Action::KillContainer { nodes, .. }
            | Action::CreateVolume { nodes, .. }
            | Action::RemoveVolume { nodes, .. }
            | Action::WaitKubelet { nodes } => nodes.clone(),
            Action::WriteFiles { nodes, .. } => nodes.iter().map(|files| files.node.clone()).collect(),
            Action::RunContainer(run) => run.nodes.keys().cloned().collect(),
            Action::EtcdAddMember { address, .. } => vec![address.clone()],
            _ => continue,
        };
        for node in on_nodes {
            assert!(
                site.observed.nodes.get(&node).is_some_and(|n| n.ssh_connected),
                "{node} does not answer: {step:?}"
            );
            assert!(
                site.desired.cluster.node(&node).is_some(),
                "{node} is not in the cluster: {step:?}"
            );
        }
    }
}

/// Of the API servers that serve, at most one is taken away.
fn keeps_api_servers(site: &Site, plan: &Plan) {
    let restarted = plan
        .operations
        .iter()
        .filter(|operation| operation.name == "kube-apiserver-restart");
    let serving = restarted.flat_map(|operation| &operation.targets).filter(|address| {
        let service = site.observed.nodes.get(*address).map(|n| &n.api_server);
        service.is_some_and(|api| api.healthy && api.service.running)
    });
    assert!(serving.count() <= 1, "{plan:#?}");
}

/// Who is removed from etcd leaves a quorum that is in sync, if there was one.
fn keeps_etcd(site: &Site, plan: &Plan) {
    let etcd = &site.observed.etcd;
    for step in plan.operations.iter().flat_map(|operation| &operation.steps) {
        let Action::EtcdRemoveMembers { ids, .. } = &step.action else {
            continue;
        };
        assert!(etcd.healthy, "{plan:#?}");
        let rest = etcd.members.iter().filter(|(_, member)| !ids.contains(&member.id));
        let (rest, in_sync): (Vec<_>, Vec<_>) = rest
            .map(|(address, _)| (address, etcd.in_sync.contains(address)))
            .unzip();
        let in_sync = in_sync.into_iter().filter(|in_sync| *in_sync).count();
        let removed_dead = etcd.members.len() - rest.len() > 0 && ids.iter().all(|id| is_dead(site, *id));
        assert!(in_sync * 2 > rest.len() || removed_dead || rest.is_empty(), "{plan:#?}");
    }
}

fn is_dead(site: &Site, id: u64) -> bool {
    let etcd = &site.observed.etcd;
    etcd.members
        .iter()
        .any(|(address, member)| member.id == id && !etcd.in_sync.contains(address))
}

/// Control planes reboot one at a time.
fn reboots_one_control_plane(site: &Site, plan: &Plan) {
    let started = plan
        .operations
        .iter()
        .filter(|operation| operation.name == "reboot-drain-start");
    let planes = started.flat_map(|operation| &operation.targets).filter(|address| {
        site.desired
            .cluster
            .node(address)
            .is_some_and(|node| node.control_plane)
    });
    assert!(planes.count() <= 1, "{plan:#?}");
}

fn explains_everything(site: &Site, plan: &Plan) {
    let told = |subject: Subject| plan.waits.iter().any(|wait| wait.subject == subject);
    for node in &site.desired.cluster.nodes {
        let connected = site.observed.nodes.get(&node.address).is_some_and(|n| n.ssh_connected);
        assert!(
            connected || told(Subject::Node(node.address.clone())),
            "{} is not explained",
            node.address
        );
    }
    let frozen = site.desired.controls.frozen.is_some();
    let actions = || {
        plan.operations
            .iter()
            .flat_map(|operation| &operation.steps)
            .map(|step| &step.action)
    };
    for entry in &site.observed.reboots.entries {
        let done = actions().any(|action| format!("{action:?}").contains("RebootEntry"));
        assert!(
            frozen || done || told(Subject::Reboot(entry.index.0)),
            "{entry:?} {plan:#?}"
        );
    }
    for entry in &site.observed.repairs.entries {
        let done = actions().any(|action| format!("{action:?}").contains("RepairEntry"));
        assert!(
            frozen || done || told(Subject::Repair(entry.index.0)),
            "{entry:?} {plan:#?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn every_decision_is_safe_and_the_same_again(start in 0..6usize, changes in prop::collection::vec(change(), 0..8)) {
        let site = changed(start, changes);
        let plan = site.decide();
        prop_assert_eq!(&plan, &site.decide());
        if site.desired.controls.frozen.is_some() {
            prop_assert!(plan.operations.is_empty());
        }
        touches_what_answers(&site, &plan);
        keeps_api_servers(&site, &plan);
        keeps_etcd(&site, &plan);
        reboots_one_control_plane(&site, &plan);
        explains_everything(&site, &plan);
        prop_assert!(plan.waits.iter().all(|wait| !wait.to_string().is_empty()));
        prop_assert!(plan.operations.iter().all(|operation| !operation.steps.is_empty()));
        prop_assert!(plan.cost().nodes >= plan.operations.iter().map(|o| touched::nodes(o).len()).max().unwrap_or(0));
        let text = serde_json::to_string(&plan).unwrap();
        prop_assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), plan);
    }
}

/// Damage that CKE mends by itself.
fn damage() -> impl Strategy<Value = Change> {
    let node = 0..6usize;
    prop_oneof![
        (node.clone(), 1..8usize).prop_map(|(i, program)| Change::Stopped(i, program)),
        (node.clone(), 1..8usize).prop_map(|(i, program)| Change::Outdated(i, program)),
        node.clone().prop_map(Change::NoConfig),
        node.clone().prop_map(Change::NoKubeNode),
        node.clone().prop_map(Change::Cordoned),
        Just(Change::Stranger),
        (3..8usize, any::<bool>()).prop_map(|(i, in_sync)| Change::Member(i, true, in_sync)),
        node.clone().prop_map(|i| Change::Reboot(queued(0, i), 0)),
        node.prop_map(|i| Change::Repair(repair(i), 0)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn damage_is_mended(changes in prop::collection::vec(damage(), 0..6)) {
        World::new(changed(2, changes)).complete();
    }
}
