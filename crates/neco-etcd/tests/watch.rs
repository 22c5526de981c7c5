//! Watches that see every change once, over lost members, compaction and a restored backup.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;

use std::collections::BTreeMap;

use common::{client, connect, connect_first};
use neco_etcd::{Etcd, Event, Snapshot, Watch, WatchItem};
use testkit::etcd::Etcd as Server;
use testkit::proxy::Proxy;
use testkit::wait::PATIENCE;

/// What a consumer makes of a watch: the state, and how often it had to start anew.
#[derive(Default)]
struct View {
    state: BTreeMap<String, Vec<u8>>,
    revision: i64,
    resyncs: usize,
}

impl View {
    fn take(&mut self, item: WatchItem) {
        match item {
            WatchItem::Resync(snapshot) => {
                self.resyncs += 1;
                self.replace(snapshot);
            }
            WatchItem::Events { revision, events } => {
                for event in events {
                    assert!(event.revision() > self.revision, "seen twice: {event:?}");
                    match event {
                        Event::Put(kv) => self.state.insert(kv.key, kv.value),
                        Event::Delete { key, .. } => self.state.remove(&key),
                    };
                }
                self.revision = self.revision.max(revision);
            }
        }
    }

    fn replace(&mut self, snapshot: Snapshot) {
        self.revision = snapshot.revision;
        self.state = snapshot.kvs.into_iter().map(|kv| (kv.key, kv.value)).collect();
    }

    async fn until(&mut self, watch: &mut Watch, revision: i64) {
        let reached = tokio::time::timeout(PATIENCE, async {
            while self.revision < revision {
                let item = watch.next().await.unwrap();
                self.take(item);
            }
        });
        reached
            .await
            .unwrap_or_else(|_| panic!("saw {} of {revision}", self.revision));
    }
}

async fn write(etcd: &Etcd, from: usize, to: usize) -> i64 {
    let mut revision = 0;
    for n in from..to {
        revision = loop {
            match etcd.put(&format!("k/{n}"), n.to_string()).await {
                Ok(revision) => break revision,
                // Members of a busy machine may elect a leader anew.
                Err(error) => assert!(error.is_unavailable(), "{error:?}"),
            }
        };
    }
    revision
}

#[tokio::test]
async fn changes_arrive_in_order_from_a_snapshot_on() {
    let server = Server::start().await;
    let etcd = client(&server).await;
    write(&etcd, 0, 3).await;
    let mut view = View::default();
    view.replace(etcd.read_prefix("k/").await.unwrap());
    write(&etcd, 3, 6).await;
    let mut watch = etcd.watch("k/", view.revision);
    etcd.put("elsewhere", "x").await.unwrap();
    etcd.delete("k/0").await.unwrap();
    let last = write(&etcd, 6, 8).await;
    view.until(&mut watch, last).await;
    let keys: Vec<&str> = view.state.keys().map(String::as_str).collect();
    assert_eq!(
        (keys, view.resyncs),
        (vec!["k/1", "k/2", "k/3", "k/4", "k/5", "k/6", "k/7"], 0)
    );
}

#[tokio::test]
async fn progress_tells_that_nothing_changed() {
    let server = Server::start().await;
    let etcd = client(&server).await;
    let start = write(&etcd, 0, 1).await;
    let mut watch = etcd.watch("k/", start);
    let elsewhere = etcd.put("elsewhere", "x").await.unwrap();
    watch.progress().request();
    let mut view = View {
        revision: start,
        ..View::default()
    };
    // By itself etcd says so every ten minutes.
    view.until(&mut watch, elsewhere).await;
    assert!(view.state.is_empty());
}

#[tokio::test]
async fn a_killed_member_costs_no_event() {
    let server = Server::builder().members(3).start().await;
    let etcd = connect_first(&server.endpoints(), 0).await;
    let writer = connect_first(&server.endpoints(), 1).await;
    let start = write(&writer, 0, 1).await;
    let mut view = View {
        revision: start,
        ..View::default()
    };
    let mut watch = etcd.watch("k/", start);
    let last = write(&writer, 1, 20).await;
    view.until(&mut watch, last).await;
    server.members()[0].kill();
    let mut last = 0;
    for n in 20..40 {
        // A write may meet the election of a new leader.
        while let Err(error) = writer.put(&format!("k/{n}"), n.to_string()).await {
            assert!(error.is_unavailable(), "{error:?}");
        }
        last = writer.get(&format!("k/{n}")).await.unwrap().unwrap().mod_revision;
    }
    view.until(&mut watch, last).await;
    assert_eq!((view.state.len(), view.resyncs), (39, 0));
}

#[tokio::test]
async fn a_frozen_member_is_noticed_without_other_requests() {
    let server = Server::builder().members(3).start().await;
    let frozen = (server.leader().await + 1) % 3;
    let etcd = connect_first(&server.endpoints(), frozen).await;
    let writer = connect_first(&server.endpoints(), (frozen + 1) % 3).await;
    let start = write(&writer, 0, 1).await;
    let mut view = View {
        revision: start,
        ..View::default()
    };
    let mut watch = etcd.watch("k/", start);
    let last = write(&writer, 1, 5).await;
    view.until(&mut watch, last).await;
    server.members()[frozen].freeze();
    let last = write(&writer, 5, 10).await;
    view.until(&mut watch, last).await;
    assert_eq!((view.state.len(), view.resyncs), (9, 0));
    server.members()[frozen].thaw();
}

#[tokio::test]
async fn a_network_that_swallows_and_cuts_costs_no_event() {
    let server = Server::start().await;
    let proxy = Proxy::start(server.members()[0].address()).await;
    let etcd = connect(vec![format!("http://{}", proxy.address())]).await;
    let writer = client(&server).await;
    let start = write(&writer, 0, 1).await;
    let mut view = View {
        revision: start,
        ..View::default()
    };
    let mut watch = etcd.watch("k/", start);
    for round in 1..4 {
        if round % 2 == 0 {
            proxy.freeze()
        } else {
            proxy.cut()
        }
        let last = write(&writer, round * 10, round * 10 + 10).await;
        proxy.heal();
        view.until(&mut watch, last).await;
    }
    assert_eq!((view.state.len(), view.resyncs), (30, 0));
}

#[tokio::test]
async fn compaction_under_a_watch_gives_a_snapshot() {
    let server = Server::start().await;
    let proxy = Proxy::start(server.members()[0].address()).await;
    let etcd = connect(vec![format!("http://{}", proxy.address())]).await;
    let writer = client(&server).await;
    let start = write(&writer, 0, 5).await;
    let mut view = View::default();
    view.replace(etcd.read_prefix("k/").await.unwrap());
    let mut watch = etcd.watch("k/", start);
    proxy.cut();
    writer.delete("k/0").await.unwrap();
    let last = write(&writer, 5, 10).await;
    writer.compact(last).await.unwrap();
    proxy.heal();
    view.until(&mut watch, last).await;
    let seen_gone = !view.state.contains_key("k/0");
    assert_eq!((view.state.len(), seen_gone, view.resyncs), (9, true, 1));
    let last = write(&writer, 10, 12).await;
    view.until(&mut watch, last).await;
    assert_eq!((view.state.len(), view.resyncs), (11, 1));
}

#[tokio::test]
async fn a_restored_backup_gives_a_snapshot_of_the_past() {
    let server = Server::start().await;
    let etcd = client(&server).await;
    write(&etcd, 0, 3).await;
    let backup = server.backup().await;
    let last = write(&etcd, 3, 10).await;
    let mut view = View::default();
    view.replace(etcd.read_prefix("k/").await.unwrap());
    let mut watch = etcd.watch("k/", last);
    server.restore(&backup).await;
    let resync = tokio::time::timeout(PATIENCE, async {
        loop {
            if let WatchItem::Resync(snapshot) = watch.next().await.unwrap() {
                return snapshot;
            }
        }
    });
    let snapshot = resync.await.unwrap();
    assert!(snapshot.revision < last, "{snapshot:?}");
    assert_eq!(snapshot.kvs.len(), 3);
    view.replace(snapshot);
    let last = write(&etcd, 20, 22).await;
    view.until(&mut watch, last).await;
    assert_eq!(view.state.len(), 5);
}
