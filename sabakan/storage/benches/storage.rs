//! Figures of the store: searches among 10,000 and 100,000 machines, rendering, a start on a real etcd with its memory, the
//! registration of 5,000 machines. `cargo bench -p sabakan-storage` prints them, one a line.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a bench prints figures of its own making"
)]

use jiff::Timestamp;
use neco_etcd::{Config, Etcd};
use sabakan_model::{Bmc, IpamConfig, Machine, MachineSpec, MachineState, Query, decode_stored};
use sabakan_storage::{Actor, Index, MachineEntry, Storage, StorageOptions};
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};
use testkit::etcd::Etcd as Server;
use tokio_util::sync::CancellationToken;

/// Set for the process that only starts.
const START_ON: &str = "STORAGE_BENCH_START_ON";

fn main() {
    // Test runners start every target; only `cargo bench` asks for figures.
    if !std::env::args().any(|arg| arg == "--bench") {
        return;
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    if let Ok(endpoint) = std::env::var(START_ON) {
        return runtime.block_on(start_on(endpoint));
    }
    for machines in [10_000, 100_000] {
        searches(machines);
    }
    runtime.block_on(on_etcd());
}

fn spec(n: u64) -> MachineSpec {
    let role = if n.is_multiple_of(28) {
        "boot"
    } else {
        ["cs", "ss"][usize::from(n.is_multiple_of(5))]
    };
    let labels = [
        ("product", "R640"),
        ("machine-type", "r640-cs-2"),
        ("datacenter", ["dc1", "dc2"][usize::from(n.is_multiple_of(2))]),
    ];
    MachineSpec {
        serial: format!("{:07x}-{n:06}", n.wrapping_mul(2_654_435_761) & 0xfff_ffff),
        rack: n / 28,
        index_in_rack: 3 + n % 28,
        role: role.to_owned(),
        labels: Some(labels.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()),
        bmc: Bmc {
            bmc_type: "iDRAC-9".to_owned(),
            ..Bmc::default()
        },
        ..MachineSpec::default()
    }
}

fn ipam() -> IpamConfig {
    let text = r#"{"max-nodes-in-rack":28,"node-ipv4-pool":"10.0.0.0/8","node-ipv4-range-size":6,
        "node-ipv4-range-mask":26,"node-ip-per-node":3,"node-index-offset":3,"node-gateway-offset":1,
        "bmc-ipv4-pool":"172.16.0.0/12","bmc-ipv4-range-size":5,"bmc-ipv4-range-mask":20,"bmc-ipv4-gateway-offset":1}"#;
    decode_stored(text.as_bytes()).unwrap()
}

fn filled(machines: u64, now: Timestamp) -> Index {
    let (mut index, ipam) = (Index::default(), ipam());
    for n in 0..machines {
        let mut machine = Machine::registered(spec(n), now);
        ipam.fill_addresses(&mut machine).unwrap();
        machine.status.state = if n.is_multiple_of(200) {
            MachineState::Unreachable
        } else {
            MachineState::Healthy
        };
        index.insert(Arc::new(MachineEntry::new(machine, 1, 1).unwrap()));
    }
    index
}

fn searches(machines: u64) {
    let now = Timestamp::now();
    let index = filled(machines, now);
    for query in [
        "rack=77",
        "rack=77&role=cs&state=healthy",
        "state=unreachable&role=ss",
        "labels=product=R640,datacenter=dc1&rack=1,2,3",
        "without-state=healthy&role=boot",
        "ipv4=10.0.10.5",
        "role=cs&labels=datacenter=dc1",
    ] {
        let parsed = Query::parse(query).unwrap();
        let found = index.search(&parsed, now).len();
        let name = format!("search {query} -> {found} of {machines}");
        sample(&name, 300, || drop(black_box(index.search(&parsed, now))));
    }
    sample(&format!("all {machines} as JSON"), 20, || {
        let mut out = Vec::new();
        for entry in index.search(&Query::default(), now) {
            entry.write_json(&mut out, now);
        }
        black_box(out);
    });
    sample(&format!("metrics text of {machines}"), 20, || {
        let mut out = String::new();
        index.iter().for_each(|entry| out.push_str(entry.metrics_text()));
        black_box(out);
    });
}

async fn on_etcd() {
    let server = Server::start().await;
    let config = Config {
        endpoints: server.endpoints(),
        prefix: Some("/sabakan/".to_owned()),
        ..Config::default()
    };
    let etcd = Etcd::connect(&config).await.unwrap();
    let storage = Storage::open(etcd.clone(), StorageOptions::default()).await.unwrap();
    let stop = CancellationToken::new();
    tokio::spawn(storage.clone().run(stop.clone()));
    let actor = Actor::default();
    storage.put_ipam(&actor, &ipam()).await.unwrap();
    for half in [0, 5000] {
        let specs: Vec<_> = (half..half + 5000).map(spec).collect();
        let began = Instant::now();
        storage.register(&actor, specs).await.unwrap();
        println!(
            "{:<70} {:>10.2?}",
            format!("registration of 5,000 machines beside {half}"),
            began.elapsed()
        );
    }
    let other = Storage::open(Etcd::connect(&config).await.unwrap(), StorageOptions::default())
        .await
        .unwrap();
    tokio::spawn(other.clone().run(stop.clone()));
    let mut lags = Vec::new();
    for n in 0..300u64 {
        let revision = storage
            .put_label(&actor, &spec(n * 7).serial, "round", &n.to_string())
            .await
            .unwrap()
            .revision;
        let began = Instant::now();
        other.wait_for_revision(revision).await.unwrap();
        lags.push(began.elapsed());
    }
    report("lag of another server behind a write", lags);
    drop((storage, other));
    stop.cancel();
    // A process that does nothing else tells what a start costs.
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .arg("--bench")
        .env(START_ON, &server.endpoints()[0])
        .status();
    assert!(child.unwrap().success());
}

/// Opens the store of an etcd, and prints what that cost.
async fn start_on(endpoint: String) {
    let config = Config {
        endpoints: vec![endpoint],
        prefix: Some("/sabakan/".to_owned()),
        ..Config::default()
    };
    let began = Instant::now();
    let storage = Storage::open(Etcd::connect(&config).await.unwrap(), StorageOptions::default())
        .await
        .unwrap();
    let name = format!("start with {} machines", storage.machine_count());
    println!("{name:<70} {:>10.2?}  resident {} MB", began.elapsed(), rss());
}

/// Resident memory in megabytes.
fn rss() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

fn sample(name: &str, rounds: usize, mut work: impl FnMut()) {
    let times = (0..rounds).map(|_| {
        let began = Instant::now();
        work();
        began.elapsed()
    });
    report(name, times.collect());
}

fn report(name: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |percent: usize| times[(times.len() * percent / 100).min(times.len() - 1)];
    println!("{name:<70} p50 {:>10.2?}  p99 {:>10.2?}", at(50), at(99));
}
