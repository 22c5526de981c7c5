#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
//! Several servers at work on one journal at once, on a real etcd.

use super::drive::Journal;
use super::layout::Ending;
use crate::{Actor, Storage, StorageOptions, keys};
use neco_etcd::{Config, Etcd};
use sabakan_model::{Machine, MachineSpec, decode_stored};
use testkit::etcd::Etcd as Server;

const IPAM: &str = r#"{"max-nodes-in-rack":28,"node-ipv4-pool":"10.64.0.0/10","node-ipv4-range-size":6,
    "node-ipv4-range-mask":26,"node-ip-per-node":3,"node-index-offset":3,"node-gateway-offset":1,
    "bmc-ipv4-pool":"10.0.0.0/11","bmc-ipv4-range-size":5,"bmc-ipv4-range-mask":20,"bmc-ipv4-gateway-offset":1}"#;

async fn servers(server: &Server, count: usize) -> Vec<Storage> {
    let mut storages = Vec::new();
    for _ in 0..count {
        let config = Config {
            endpoints: server.endpoints(),
            prefix: Some("/sabakan/".to_owned()),
            ..Config::default()
        };
        let etcd = Etcd::connect(&config).await.unwrap();
        storages.push(Storage::open(etcd, StorageOptions::default()).await.unwrap());
    }
    storages
}

fn machines(count: u64) -> Vec<Machine> {
    let spec = |n: u64| MachineSpec {
        serial: format!("m{n:04}"),
        rack: n / 4,
        role: "cs".to_owned(),
        ..MachineSpec::default()
    };
    let now = "2026-11-22T00:00:00Z".parse().unwrap();
    (0..count).map(|n| Machine::registered(spec(n), now)).collect()
}

/// All servers drive one journal; each says how it ended.
async fn race(storages: &[Storage], id: &str) -> Vec<(Ending, i64)> {
    let drivers: Vec<_> = storages
        .iter()
        .map(|storage| {
            let mut journal = Journal::new(storage.clone(), id.to_owned());
            tokio::spawn(async move { journal.drive().await.unwrap() })
        })
        .collect();
    let mut endings = Vec::new();
    for driver in drivers {
        endings.push(driver.await.unwrap());
    }
    endings
}

async fn count(storage: &Storage, prefix: &str) -> usize {
    storage.etcd().read_prefix(prefix).await.unwrap().kvs.len()
}

async fn places(storage: &Storage) -> usize {
    let racks = storage.etcd().read_prefix(keys::NODE_INDICES).await.unwrap();
    let taken = |value: &[u8]| decode_stored::<Vec<u64>>(value).unwrap().len();
    racks.kvs.iter().map(|kv| taken(&kv.value)).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn s4_servers_that_work_on_one_journal_at_once_do_each_step_once() {
    let server = Server::start().await;
    let storages = servers(&server, 4).await;
    let first = &storages[0];
    first.etcd().put(keys::IPAM, IPAM).await.unwrap();
    // A value of another rack that cannot be read is not in the way.
    first.etcd().put("node-indices/9999", "?").await.unwrap();
    let journal = first.begin(&Actor::default(), machines(400)).await.unwrap();
    first.etcd().delete("node-indices/9999").await.unwrap();
    let endings = race(&storages, &journal.id).await;
    assert!(
        endings.iter().all(|(ending, _)| *ending == Ending::Committed),
        "{endings:?}"
    );
    assert!(
        endings.iter().all(|(_, revision)| *revision == endings[0].1),
        "{endings:?}"
    );
    assert_eq!(count(first, keys::MACHINES).await, 400);
    assert_eq!(places(first).await, 400);
    assert_eq!(count(first, keys::AUDIT).await, 1);
    assert_eq!(count(first, keys::REGISTRATIONS).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn s4_servers_that_take_one_journal_back_at_once_take_back_all_of_it() {
    let server = Server::start().await;
    let storages = servers(&server, 4).await;
    let first = &storages[0];
    first.etcd().put(keys::IPAM, IPAM).await.unwrap();
    let journal = first.begin(&Actor::default(), machines(400)).await.unwrap();
    let foreign = r#"{"spec":{"serial":"m0399","rack":7},"status":{"state":"healthy"}}"#;
    first.etcd().put("machines/m0399", foreign).await.unwrap();
    let endings = race(&storages, &journal.id).await;
    let refused =
        |ending: &Ending| matches!(ending, Ending::RolledBack { reason, again: false } if reason.contains("m0399"));
    assert!(endings.iter().all(|(ending, _)| refused(ending)), "{endings:?}");
    assert_eq!(count(first, keys::MACHINES).await, 1);
    assert_eq!(places(first).await, 0);
    assert_eq!(count(first, keys::AUDIT).await, 0);
    assert_eq!(count(first, keys::REGISTRATIONS).await, 0);
}
