//! What it costs to refresh the status of many nodes in memory: CPU, memory, and how both grow.
//!
//! Nodes answer what a recorded cluster's control plane and workers would; their health is a function.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark prints"
)]

#[path = "../tests/recorded/mod.rs"]
mod recorded;

use cke_model::Node;
use cke_node::{Endpoint, Engine, Options, ProbeFn};
use neco_ssh::memory::{Call, Fleet};
use neco_ssh::{NodeAddress, Output, Runner as _};
use recorded::Recorded;
use std::fs;
use std::time::{Duration, Instant};

/// Rounds of which the median is told.
const ROUNDS: usize = 3;

fn main() {
    // Only `cargo bench` says so; whoever runs all targets as tests asks for a list of them, and there is none.
    if !std::env::args().any(|arg| arg == "--bench") {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    println!(
        "{:>7} {:>10} {:>10} {:>12} {:>12}",
        "nodes", "CPU s", "wall s", "peak MB", "commands"
    );
    for count in [100, 1_000, 5_000, 10_000] {
        runtime.block_on(refresh(count));
    }
}

async fn refresh(count: usize) {
    let recorded = Recorded::load();
    let answers = [recorded.script_output("n101"), recorded.script_output("n111")];
    let control_plane = |node: &NodeAddress| node.address.ends_with(".1");
    let fleet =
        Fleet::new(move |call: &Call<'_>| Output::of(answers[usize::from(!control_plane(call.node))].clone()).into());
    let healthy = ProbeFn(|_: &str, _: Endpoint| Ok(()));
    let engine = Engine::new(fleet, healthy, Options::default());
    let nodes: Vec<Node> = (0..count).map(node).collect();
    let mut figures = Vec::new();
    for _ in 0..ROUNDS {
        let (cpu, wall) = (cpu_time(), Instant::now());
        let statuses = engine.observe(&nodes, "etcd-cke").await;
        figures.push((cpu_time() - cpu, wall.elapsed()));
        assert_eq!(statuses.len(), count);
        assert!(
            statuses
                .values()
                .all(|status| status.kubelet.healthy && status.kubelet.config.is_some())
        );
    }
    figures.sort();
    let (cpu, wall) = figures[ROUNDS / 2];
    let commands = engine.runner().total().commands / u64::try_from(ROUNDS).unwrap();
    println!(
        "{count:>7} {:>10.3} {:>10.3} {:>12.0} {commands:>12}",
        cpu.as_secs_f64(),
        wall.as_secs_f64(),
        peak_megabytes()
    );
    // A node in memory keeps nothing between rounds but its counts.
    let one = NodeAddress::new("10.0.0.1", "cybozu");
    engine
        .runner()
        .run(&one, "true", None, Duration::from_secs(1))
        .await
        .unwrap();
}

fn node(number: usize) -> Node {
    Node {
        address: format!("10.{}.{}.{}", number >> 16, (number >> 8) & 255, number & 255),
        user: "cybozu".to_owned(),
        ..Node::default()
    }
}

/// User and system time of this process.
fn cpu_time() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}

/// The most memory that this process ever held.
fn peak_megabytes() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
}
