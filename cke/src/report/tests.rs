#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use cke_model::Phase;
use cke_plan::{Subject, Wait, WaitReason};
use cke_storage::PREFIX;
use neco_etcd::{Config, Etcd};
use std::time::Duration;
use testkit::etcd::Etcd as Server;

fn plan(waits: Vec<Wait>) -> Plan {
    Plan {
        phase: Phase::Completed,
        operations: Vec::new(),
        waits,
    }
}

fn wait(node: &str) -> Wait {
    Wait {
        subject: Subject::Node(node.to_owned()),
        reason: WaitReason::NodeNotRegistered {},
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

#[tokio::test]
async fn the_next_leader_knows_since_when_things_wait() {
    let server = Server::start().await;
    let config = Config {
        endpoints: server.endpoints(),
        prefix: Some(PREFIX.to_owned()),
        ..Config::default()
    };
    let storage = Storage::new(Etcd::connect(&config).await.unwrap());
    let stored = async || storage.etcd().get("neco/waits").await.unwrap().unwrap().mod_revision;
    let lead = async |name: &str| {
        storage
            .election(name, Duration::from_secs(60))
            .campaign()
            .await
            .unwrap()
    };

    let first = lead("one").await;
    let waits = Waits::default();
    let (a, both) = (plan(vec![wait("a")]), plan(vec![wait("a"), wait("b")]));
    waits.since(&storage, &first.guard(), &a, at(100)).await.unwrap();
    let revision = stored().await;
    waits.since(&storage, &first.guard(), &a, at(150)).await.unwrap();
    assert_eq!(stored().await, revision, "what has not changed is not written");
    first.resign().await.unwrap();

    let second = lead("two").await;
    let since = Waits::default()
        .since(&storage, &second.guard(), &both, at(200))
        .await
        .unwrap();
    let begins = |node: &str| since.of(&wait(node)).map(|since| since.instant());
    assert_eq!((begins("a"), begins("b")), (Some(at(100)), Some(at(200))));
    assert!(stored().await > revision);
    let shown = of(&both, &since, at(200));
    assert_eq!(shown["waits"][0]["since"], "1970-01-01T00:01:40Z");
    second.resign().await.unwrap();

    // What cannot be read costs the beginnings, not the lead.
    storage.etcd().put("neco/waits", "?").await.unwrap();
    let third = lead("three").await;
    let since = Waits::default()
        .since(&storage, &third.guard(), &both, at(300))
        .await
        .unwrap();
    assert_eq!(since.of(&wait("a")).map(|since| since.instant()), Some(at(300)));
}

#[test]
fn what_is_stored_stays_small() {
    let waits = (0..20_000).map(|number| {
        wait(&format!(
            "node-{number}.with-a-long-name.in-a-large-cluster.example.com"
        ))
    });
    let since = WaitsSince::default().carry(&plan(waits.collect()), GoTime::utc(at(1)));
    let kept = bounded(&since);
    assert!(kept.iter().count() > 1_000);
    assert!(serde_json::to_vec(&kept).unwrap().len() <= MOST_BYTES);
}
