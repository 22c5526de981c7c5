//! Leases and elections over real members.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::time::Duration;

use common::{client, connect, connect_first};
use neco_etcd::Txn;
use testkit::etcd::Etcd as Server;
use testkit::proxy::Proxy;
use testkit::wait::{PATIENCE, holds, wait_for};

/// Short where it is to end; a busy machine must be able to keep it alive.
const TTL: Duration = Duration::from_secs(4);
/// Longer than anything in between takes.
const HELD: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_lease_outlives_its_ttl_while_held_and_its_keys_die_with_it() {
    let server = Server::start().await;
    let etcd = client(&server).await;
    let lease = etcd.grant_lease(TTL).await.unwrap();
    etcd.commit(Txn::new().put_with_lease("servers/me", "here", lease.id()))
        .await
        .unwrap();
    tokio::time::timeout(TTL * 2, lease.lost().cancelled())
        .await
        .unwrap_err();
    assert_eq!(etcd.get("servers/me").await.unwrap().unwrap().lease, lease.id());
    drop(lease);
    wait_for("the key to go with its lease", PATIENCE, || async {
        holds(etcd.get("servers/me").await.unwrap().is_none(), "it is still there")
    })
    .await;
}

#[tokio::test]
async fn a_lease_survives_the_death_of_a_member() {
    let server = Server::builder().members(3).start().await;
    let etcd = connect_first(&server.endpoints(), 0).await;
    let ttl = Duration::from_secs(6);
    let lease = etcd.grant_lease(ttl).await.unwrap();
    server.members()[0].kill();
    tokio::time::timeout(ttl + TTL, lease.lost().cancelled())
        .await
        .unwrap_err();
    etcd.keep_lease_alive(lease.id()).await.unwrap();
}

#[tokio::test]
async fn a_lease_is_lost_in_time_when_etcd_is_away() {
    let server = Server::start().await;
    let proxy = Proxy::start(server.members()[0].address()).await;
    let etcd = connect(vec![format!("http://{}", proxy.address())]).await;
    let lease = etcd.grant_lease(TTL).await.unwrap();
    proxy.freeze();
    // Never later than etcd thinks: within the TTL from the last answer.
    tokio::time::sleep(TTL + Duration::from_millis(700)).await;
    // On a machine that stood still both times are over at once, and the earlier is only next to be looked at.
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    assert!(lease.lost().is_cancelled());
}

#[tokio::test]
async fn one_leads_and_the_next_follows_with_a_higher_number() {
    let server = Server::builder().members(3).start().await;
    let first = client(&server).await;
    let second = client(&server).await;
    let leader = first.election("leader", "first", HELD).campaign().await.unwrap();
    let standing = second.election("leader", "second", HELD);
    let waiting = tokio::spawn({
        let standing = standing.clone();
        async move { standing.campaign().await }
    });
    wait_for("two candidates", PATIENCE, || async {
        let found = second.read_prefix("leader/").await.unwrap().kvs.len();
        holds(found == 2, format!("{found} candidates"))
    })
    .await;
    assert_eq!(standing.leader().await.unwrap().unwrap().value, b"first");
    let guarded = |guard, value: &str| Txn::new().guard(guard).put("work", value);
    assert!(
        first
            .commit(guarded(leader.guard(), "by first"))
            .await
            .unwrap()
            .succeeded
    );

    let (old, old_guard) = (leader.create_revision(), leader.guard());
    leader.resign().await.unwrap();
    let next = waiting.await.unwrap().unwrap();
    assert!(next.create_revision() > old);
    assert!(!first.commit(guarded(old_guard, "stale")).await.unwrap().succeeded);
    assert!(
        second
            .commit(guarded(next.guard(), "by second"))
            .await
            .unwrap()
            .succeeded
    );
}

#[tokio::test]
async fn a_leader_is_told_when_its_key_is_deleted() {
    let server = Server::start().await;
    let etcd = client(&server).await;
    let leader = etcd.election("leader", "me", HELD).campaign().await.unwrap();
    server.ctl(&["del", "--prefix", "/sabakan/leader/"]);
    tokio::time::timeout(PATIENCE, leader.lost().cancelled()).await.unwrap();
}

#[tokio::test]
async fn etcdctl_sees_the_leader_that_we_elect() {
    let server = Server::start().await;
    let etcd = client(&server).await;
    let leader = etcd.election("leader", "me", HELD).campaign().await.unwrap();
    // `etcdctl elect -l` listens for ever; the key's shape is what its candidates look at.
    let keys = server.ctl(&["get", "--prefix", "/sabakan/leader/", "--keys-only"]);
    assert_eq!(keys.trim(), format!("/sabakan/{}", leader.key()));
    let leases = server.ctl(&["lease", "list"]);
    let id = leader.key().rsplit('/').next().unwrap();
    assert!(leases.contains(id), "{leases} has no {id}");
}

#[tokio::test]
async fn a_leader_knows_how_long_it_is_certain_to_lead() {
    let server = Server::start().await;
    let proxy = Proxy::start(server.members()[0].address()).await;
    let etcd = connect(vec![format!("http://{}", proxy.address())]).await;
    let leadership = etcd.election("leader", "me", TTL).campaign().await.unwrap();
    assert!(leadership.remaining() > TTL / 2);
    proxy.freeze();
    let before = leadership.remaining();
    wait_for("the certainty to end", PATIENCE, || async {
        let now = leadership.remaining();
        holds(now.is_zero() && now <= before, format!("{now:?} are left"))
    })
    .await;
}
