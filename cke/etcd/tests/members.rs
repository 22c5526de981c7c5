//! Members of a real etcd with mutual TLS: seen, lost, removed, added, added anew.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use cke_etcd::{ClusterEtcd, Error, endpoint_of};
use cke_model::Action;
use cke_model::observed::EtcdClusterStatus;
use common::root;
use testkit::etcd::Etcd;
use testkit::wait::{PATIENCE, holds, wait_for};

/// What etcd waits for, before it believes that its members see each other.
const HEALTH_INTERVAL: Duration = Duration::from_secs(5);

fn names(etcd: &Etcd) -> BTreeSet<String> {
    etcd.members().iter().map(|m| m.name().to_owned()).collect()
}

fn id(status: &EtcdClusterStatus, name: &str) -> u64 {
    status.members[name].id
}

async fn wait_in_sync(cluster: &ClusterEtcd, wanted: &BTreeSet<String>) -> EtcdClusterStatus {
    wait_for("members to be in sync", PATIENCE, || async {
        let status = cluster.status().await.map_err(|e| e.to_string())?;
        holds(&status.in_sync == wanted, format!("{:?}", status.in_sync)).map(|()| status)
    })
    .await
}

#[tokio::test]
async fn three_members_are_seen_and_one_that_dies_is_out_of_sync() {
    let etcd = Etcd::builder().members(3).as_cke(0).start().await;
    let cluster = root(&etcd);
    let all = names(&etcd);
    let status = wait_in_sync(&cluster, &all).await;
    assert!(status.healthy);
    assert_eq!(status.members.keys().cloned().collect::<BTreeSet<_>>(), all);
    for (name, member) in &status.members {
        assert_eq!(member.client_urls, [endpoint_of(name)]);
        assert!(!member.learner);
    }

    etcd.members()[0].kill();
    let dead = etcd.members()[0].name().to_owned();
    let living: BTreeSet<String> = all.iter().filter(|n| **n != dead).cloned().collect();
    let status = wait_in_sync(&cluster, &living).await;
    assert_eq!(status.members.len(), 3, "a dead member is still one");
    assert!(status.healthy);
    cluster.wait_until_serving(false).await.unwrap();
    etcd.members()[0].start_again();
    wait_in_sync(&cluster, &all).await;
}

/// A frozen member costs its own deadline, no more: the others are looked at meanwhile.
#[tokio::test]
async fn a_frozen_member_delays_nobody_else() {
    let etcd = Etcd::builder().members(3).as_cke(0).start().await;
    let cluster = root(&etcd);
    wait_in_sync(&cluster, &names(&etcd)).await;
    etcd.members()[2].freeze();
    // The last of them may lead.
    let status = wait_for("the others to be seen", PATIENCE, || async { cluster.status().await }).await;
    assert_eq!(status.in_sync.len(), 2);
    etcd.members()[2].thaw();
}

#[tokio::test]
async fn without_a_majority_nothing_is_claimed() {
    let etcd = Etcd::builder().members(3).as_cke(0).start().await;
    let cluster = root(&etcd);
    wait_in_sync(&cluster, &names(&etcd)).await;
    etcd.members()[0].kill();
    etcd.members()[1].kill();
    let error = cluster.status().await.unwrap_err();
    assert!(error.is_unavailable(), "{error}");
    etcd.members()[0].start_again();
    cluster.wait_until_serving(false).await.unwrap();
    let status = cluster.status().await.unwrap();
    assert!(status.healthy);
}

/// One of three is lost with its data: removed, then added anew, at once and without a fixed wait.
#[tokio::test]
async fn a_member_that_lost_its_data_is_replaced() {
    let mut etcd = Etcd::builder().members(3).as_cke(0).start().await;
    let cluster = root(&etcd);
    let all = names(&etcd);
    let status = wait_in_sync(&cluster, &all).await;
    let lost = etcd.members()[2].name().to_owned();
    etcd.members()[2].kill();
    let endpoints: Vec<String> = etcd.members()[..2].iter().map(|m| m.endpoint().to_owned()).collect();
    let remove = Action::EtcdRemoveMembers {
        endpoints: endpoints.clone(),
        ids: vec![id(&status, &lost)],
    };
    wait_for("the removal to be taken", PATIENCE, || cluster.apply(&remove)).await;
    cluster.apply(&remove).await.expect("what is gone is gone");
    assert_eq!(cluster.at(endpoints.clone()).members().await.unwrap().len(), 2);

    let listed = cluster.at(endpoints.clone()).add_member(&lost).await.unwrap();
    let expected: BTreeSet<String> = all.iter().map(|n| format!("{n}=https://{n}:2380")).collect();
    assert_eq!(listed.iter().cloned().collect::<BTreeSet<_>>(), expected);
    let again = cluster.at(endpoints).add_member(&lost).await.unwrap();
    assert_eq!(again.len(), 3, "asking twice adds once");
    etcd.join_again(2, &listed);
    let after = wait_in_sync(&cluster, &all).await;
    assert_ne!(id(&after, &lost), id(&status, &lost));
}

/// From one member to three, each addition right after the one before: etcd's own check is waited for, where it must be.
#[tokio::test]
async fn members_join_one_after_the_other() {
    let mut etcd = Etcd::builder().members(1).as_cke(2).start().await;
    let first = root(&etcd);
    for _ in 0..2 {
        let address = etcd.spare().to_string();
        let listed = first.add_member(&address).await.unwrap();
        assert!(
            listed.contains(&format!("{address}=https://{address}:2380")),
            "{listed:?}"
        );
        etcd.join(&listed);
        let wait = Action::EtcdWaitSync {
            endpoints: vec![endpoint_of(&address)],
            redundant: false,
        };
        first.apply(&wait).await.unwrap();
    }
    let cluster = root(&etcd);
    wait_in_sync(&cluster, &names(&etcd)).await;
    cluster.wait_until_serving(true).await.unwrap();
}

#[tokio::test]
async fn a_single_member_takes_a_second_without_any_wait() {
    let mut least = Duration::MAX;
    // A busy machine may take as long as a wait for one or the other of them.
    for _ in 0..5 {
        let etcd = Etcd::builder().members(1).as_cke(1).start().await;
        let cluster = root(&etcd);
        let started = Instant::now();
        cluster.add_member(&etcd.spare().to_string()).await.unwrap();
        least = least.min(started.elapsed());
        if least < HEALTH_INTERVAL {
            return;
        }
    }
    panic!("{least:?}");
}

#[tokio::test]
async fn two_of_three_serve_without_being_redundant() {
    let etcd = Etcd::builder().members(3).as_cke(0).start().await;
    let cluster = root(&etcd);
    cluster.wait_until_serving(true).await.unwrap();
    etcd.members()[1].kill();
    cluster.wait_until_serving(false).await.unwrap();
    let error = cluster
        .wait_for_at_most(Duration::from_millis(500), true)
        .await
        .unwrap_err();
    assert!(
        matches!(&error, Error::Waited { reason, .. } if reason.contains("2 of 3")),
        "{error}"
    );
}

#[tokio::test]
async fn actions_of_others_and_missing_end_points_are_refused() {
    let etcd = Etcd::builder().members(1).as_cke(0).start().await;
    let cluster = root(&etcd);
    let not_ours = Action::SetConfigVersion {
        version: "2".to_owned(),
    };
    assert!(matches!(cluster.apply(&not_ours).await, Err(Error::NotMine(_))));
    assert!(matches!(cluster.at(Vec::new()).status().await, Err(Error::NoEndpoints)));
    let bad = cluster.at(vec!["https://".to_owned()]).status().await.unwrap_err();
    assert!(matches!(bad, Error::Setup { .. }), "{bad}");
}
