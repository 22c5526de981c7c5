//! From `cluster set` on: the first node is Ready, the phase is `completed`, all nodes are Ready and names are found.

use std::time::{Duration, Instant, SystemTime};

use jiff::Timestamp;
use serde_json::Value;
use testkit::fleet::User;
use testkit::wait::{holds, wait_for};

use super::{Row, dns, seconds};
use crate::cluster;
use crate::programs::Programs;
use crate::site::{self, PATIENCE, Site};

/// The times of one cluster, from its declaration on.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    first_ready: Duration,
    completed: Duration,
    all_ready: Duration,
    names: Duration,
}

/// Builds clusters of 1 + 2 and of 3 + 2 nodes with each.
#[must_use]
pub fn measure(all: &[Programs]) -> Vec<Row> {
    let small: Vec<Times> = all.iter().map(|programs| build(programs, 1, 2)).collect();
    let usual: Vec<Times> = all.iter().map(|programs| build(programs, 3, 2)).collect();
    let row = |what, reach, times: &[Times], tell: fn(&Times) -> String| Row {
        what,
        reach,
        figures: times.iter().map(tell).collect(),
    };
    vec![
        row(
            "first cluster, 1 + 2 nodes, from `cluster set` to phase `completed`",
            "< 20 s",
            &small,
            |t| seconds(t.completed),
        ),
        row("1 + 2 nodes: the first node Ready", "< 12 s", &small, |t| {
            format!("at most {}", seconds(t.first_ready))
        }),
        row(
            "3 + 2 nodes: all Ready and DNS answering on each",
            "< 40 s",
            &usual,
            |t| {
                format!(
                    "{} (all Ready {}, completed {})",
                    seconds(t.names.max(t.all_ready)),
                    seconds(t.all_ready),
                    seconds(t.completed)
                )
            },
        ),
    ]
}

fn build(programs: &Programs, control_planes: u8, workers: u8) -> Times {
    let mut times = None;
    site::run_with(programs.clone(), control_planes, workers, async |site: &mut Site| {
        times = Some(time(site, usize::from(control_planes + workers)).await);
    });
    let times = times.expect("the run ended");
    println!("{}, {control_planes} + {workers}: {times:.1?}", programs.name);
    times
}

async fn time(site: &mut Site, nodes: usize) -> Times {
    let cluster = cluster::of(&site.fleet, User::Root);
    let declared = site.begin(&cluster);
    let clock = SystemTime::now() - declared.elapsed();
    site.write_kubeconfig();
    let (completed, (all_ready, names)) = {
        let completed = async {
            wait_for("phase completed", PATIENCE, async || {
                let phase = site.status().map(|status| status["phase"].clone());
                holds(phase == Some(Value::from("completed")), format!("{phase:?}"))
            })
            .await;
            declared.elapsed()
        };
        tokio::join!(completed, works(site, nodes, declared))
    };
    Times {
        first_ready: first_ready(site, clock),
        completed,
        all_ready,
        names,
    }
}

/// When every node's DNS answers, and, asked from then on, all are Ready.
async fn works(site: &Site, nodes: usize, declared: Instant) -> (Duration, Duration) {
    for node in site.fleet.nodes() {
        let address = node.address();
        wait_for("DNS", PATIENCE, async || dns::ask(&address).await).await;
    }
    let names = declared.elapsed();
    site.wait_for_ready(nodes).await;
    (declared.elapsed(), names)
}

/// By the nodes' own conditions, which tell whole seconds: a second is added.
fn first_ready(site: &Site, declared: SystemTime) -> Duration {
    let path = "jsonpath={.items[*].status.conditions[?(@.type==\"Ready\")].lastTransitionTime}";
    let times = site
        .kubectl(&["get", "nodes", "-o", path])
        .expect("the API server answers");
    let first = times
        .split_whitespace()
        .map(|time| time.parse::<Timestamp>().expect("a time"))
        .min()
        .expect("a node");
    let first = SystemTime::from(first) + Duration::from_secs(1);
    first.duration_since(declared).unwrap_or_default()
}
