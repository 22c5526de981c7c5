//! Measures the DHCP server: DISCOVER to ACK, durable in a real etcd, from many relays, in a network of its own.
//!
//! `dhcp-bench [--racks N] [--clients N] [--window N] [--rate N] [--seconds N] [--peer kea-dhcp4] [--peer-bin PATH]`
//!
//! First as fast as it goes (`--window` exchanges at a time), then at `--rate` DISCOVERs a second for the latency of the
//! OFFER. With `--peer kea-dhcp4` the same load goes to Kea with its memfile. One JSON object on standard output.
#![allow(unreachable_pub, reason = "a program has no outside")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a measuring tool"
)]

#[path = "dhcp-bench/load.rs"]
mod load;
#[path = "dhcp-bench/subject.rs"]
mod subject;

use std::time::Duration;

use load::{Load, Report};

/// What to measure.
struct Arguments {
    racks: u32,
    clients: u32,
    window: usize,
    rate: u32,
    seconds: u64,
    peer: Option<String>,
}

fn arguments() -> Arguments {
    let mut parsed = Arguments {
        racks: 500,
        clients: 10_000,
        window: 256,
        rate: 1000,
        seconds: 10,
        peer: None,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let value = words.next().expect("each option has a value");
        match word.as_str() {
            "--racks" => parsed.racks = value.parse().unwrap(),
            "--clients" => parsed.clients = value.parse().unwrap(),
            "--window" => parsed.window = value.parse().unwrap(),
            "--rate" => parsed.rate = value.parse().unwrap(),
            "--seconds" => parsed.seconds = value.parse().unwrap(),
            "--peer" => parsed.peer = Some(value),
            other => panic!("unknown option {other}"),
        }
    }
    parsed
}

fn main() {
    let arguments = arguments();
    testkit::netns::isolated(|| {
        testkit::netns::own_network("10.64.0.0/10");
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(measure(&arguments));
    });
}

async fn measure(arguments: &Arguments) {
    let mut out = serde_json::Map::new();
    match &arguments.peer {
        Some(program) => {
            let kea = subject::Kea::start(program, arguments.racks).await;
            out.insert("kea".to_owned(), run(arguments, kea.address).await);
        }
        None => {
            let etcd = testkit::etcd::Etcd::start().await;
            let ours = subject::Ours::start(&etcd.endpoints()[0]).await;
            let before = subject::database(&etcd);
            let figures = run(arguments, ours.address).await;
            out.insert("sabakan-dhcp".to_owned(), figures);
            out.insert("etcd_before".to_owned(), before);
            out.insert("etcd_after".to_owned(), subject::database(&etcd));
        }
    }
    println!("{}", serde_json::Value::Object(out));
}

async fn run(arguments: &Arguments, server: std::net::SocketAddrV4) -> serde_json::Value {
    let load = Load::new(server, arguments.racks, arguments.clients);
    let first = load.closed(arguments.window).await;
    let again = load.closed(arguments.window).await;
    let steady = load.open(arguments.rate, Duration::from_secs(arguments.seconds)).await;
    serde_json::json!({ "new_clients": json(&first), "known_clients": json(&again), "steady": json(&steady) })
}

fn json(report: &Report) -> serde_json::Value {
    serde_json::json!({
        "leases": report.leases,
        "leases_per_second": report.leases_per_second(),
        "seconds": report.took.as_secs_f64(),
        "given_up": report.given_up,
        "offer_mean_ms": report.offer_mean_ms(),
        "offer_p50_ms": report.offer_ms(0.50),
        "offer_p99_ms": report.offer_ms(0.99),
        "ack_p99_ms": report.ack_ms(0.99),
    })
}
