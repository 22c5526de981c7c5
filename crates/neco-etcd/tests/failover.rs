//! Three real members, of which one dies, hangs, or is cut off.
#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::print_stdout, reason = "the slowest call is worth seeing")]

mod common;

use std::time::{Duration, Instant};

use common::{connect, connect_first};
use neco_etcd::{Error, Etcd, Kv, Txn};
use testkit::etcd::Etcd as Server;
use testkit::proxy::Proxy;
use testkit::wait::{PATIENCE, holds, wait_for};

/// A call that waits for what it should not wait for takes longer than this, whatever else the machine does.
const BOUND: Duration = Duration::from_secs(30);

/// Reads while members elect a leader, which a busy machine may take longer for than a request waits.
async fn read(etcd: &Etcd) -> Option<Kv> {
    wait_for("a read", PATIENCE, || async {
        let read = etcd.get("counter").await;
        if let Err(error) = &read {
            assert!(error.is_unavailable(), "{error:?}");
        }
        read.map_err(|error| format!("{error:?}"))
    })
    .await
}

/// Reads and guarded writes, `count` of each; gives the slowest.
async fn exercise(etcd: &Etcd, count: usize) -> Duration {
    let mut slowest = Duration::ZERO;
    for n in 0..count {
        let started = Instant::now();
        let found = read(etcd).await;
        let revision = found.map_or(0, |kv| kv.mod_revision);
        let txn = Txn::new()
            .if_mod_revision("counter", revision)
            .put("counter", n.to_string());
        match etcd.commit(txn).await {
            Ok(outcome) => assert!(outcome.succeeded, "nobody else writes: {outcome:?}"),
            // One write may be caught in flight; it is never done twice, and the next read tells.
            Err(error) => assert!(error.is_ambiguous(), "{error:?}"),
        }
        slowest = slowest.max(started.elapsed());
    }
    slowest
}

#[tokio::test]
async fn one_member_killed() {
    let server = Server::builder().members(3).start().await;
    let etcd = connect_first(&server.endpoints(), 0).await;
    exercise(&etcd, 10).await;
    server.members()[0].kill();
    let slowest = exercise(&etcd, 60).await;
    println!("slowest with one member killed: {slowest:?}");
    assert!(slowest < BOUND, "{slowest:?}");
}

#[tokio::test]
async fn one_member_frozen() {
    let server = Server::builder().members(3).start().await;
    let leader = server.leader().await;
    let frozen = (leader + 1) % 3;
    let etcd = connect_first(&server.endpoints(), frozen).await;
    exercise(&etcd, 5).await;
    server.members()[frozen].freeze();
    let slowest = exercise(&etcd, 30).await;
    println!("slowest with one member frozen: {slowest:?}");
    assert!(slowest < BOUND, "{slowest:?}");
    server.members()[frozen].thaw();
}

#[tokio::test]
async fn the_leader_killed() {
    let server = Server::builder().members(3).start().await;
    let leader = server.leader().await;
    let etcd = connect_first(&server.endpoints(), leader).await;
    exercise(&etcd, 5).await;
    server.members()[leader].kill();
    // Reads wait for the election of the next leader.
    read(&etcd).await;
    let slowest = exercise(&etcd, 20).await;
    assert!(slowest < BOUND, "{slowest:?}");
}

#[tokio::test]
async fn the_leader_frozen() {
    let server = Server::builder().members(3).start().await;
    let leader = server.leader().await;
    let etcd = connect_first(&server.endpoints(), leader).await;
    exercise(&etcd, 5).await;
    server.members()[leader].freeze();
    read(&etcd).await;
    exercise(&etcd, 10).await;
    server.members()[leader].thaw();
}

#[tokio::test]
async fn the_network_to_one_cut_and_swallowed() {
    let server = Server::builder().members(3).start().await;
    let proxy = Proxy::start(server.members()[0].address()).await;
    let mut endpoints = server.endpoints();
    endpoints[0] = format!("http://{}", proxy.address());
    let etcd = connect_first(&endpoints, 0).await;
    exercise(&etcd, 5).await;
    proxy.cut();
    exercise(&etcd, 20).await;
    proxy.heal();
    let etcd = connect_first(&endpoints, 0).await;
    proxy.freeze();
    let slowest = exercise(&etcd, 20).await;
    assert!(slowest < BOUND, "{slowest:?}");
}

#[tokio::test]
async fn a_write_without_an_answer_is_ambiguous_and_not_repeated() {
    let server = Server::start().await;
    let proxy = Proxy::start(server.members()[0].address()).await;
    let etcd = connect(vec![format!("http://{}", proxy.address())]).await;
    etcd.put("key", "before").await.unwrap();
    proxy.mute();
    let error = etcd.put("key", "after").await.unwrap_err();
    assert!(error.is_ambiguous() && error.is_unavailable(), "{error:?}");
    let read = etcd.get("key").await.unwrap_err();
    assert!(
        matches!(read, Error::Timeout { .. } | Error::Unavailable { .. }),
        "{read:?}"
    );
    proxy.heal();
    let kv = etcd.get("key").await.unwrap().unwrap();
    assert_eq!(
        (kv.value.as_slice(), kv.version),
        (&b"after"[..], 2),
        "it happened, and once"
    );
}

#[tokio::test]
async fn a_restarted_cluster_is_found_again() {
    let server = Server::builder().members(3).start().await;
    let etcd = common::client(&server).await;
    etcd.put("key", "1").await.unwrap();
    server.kill_all();
    let away = etcd.put("key", "2").await.unwrap_err();
    assert!(away.is_unavailable(), "{away:?}");
    server.restart_all().await;
    let found = wait_for("etcd to be used again", PATIENCE, || async {
        etcd.get("key").await.map_err(|error| format!("{error:?}"))
    });
    assert_eq!(found.await.unwrap().value, b"1");
}

#[tokio::test]
async fn connecting_waits_for_etcd() {
    let server = Server::start().await;
    server.kill_all();
    let endpoints = server.endpoints();
    let connecting = tokio::spawn(async move { Etcd::connect_when_available(&common::config(endpoints)).await });
    server.restart_all().await;
    connecting.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_lasting_outage_is_told_at_once_and_its_end_is_seen() {
    let server = Server::builder().members(3).start().await;
    let etcd = common::client(&server).await;
    etcd.put("key", "1").await.unwrap();
    server.kill_all();
    etcd.get("key").await.unwrap_err();
    wait_for("a quick refusal", PATIENCE, || async {
        let asked = Instant::now();
        etcd.get("key").await.unwrap_err();
        holds(
            asked.elapsed() < Duration::from_millis(500),
            format!("{:?}", asked.elapsed()),
        )
    })
    .await;
    server.restart_all().await;
    wait_for("etcd to be used again", PATIENCE, || async {
        etcd.get("key").await.map(|_| ()).map_err(|e| format!("{e:?}"))
    })
    .await;
}
