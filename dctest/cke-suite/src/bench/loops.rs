//! What nodes are asked to run: until a cluster is complete, and in each loop over it when it is healthy.

use std::collections::BTreeSet;

use testkit::fleet::{Node, User};
use testkit::wait::{holds, wait_for};

use super::Row;
use crate::programs::Programs;
use crate::site::{self, PATIENCE, Site};

/// A docker that notes each run and its first words, before the real one in `PATH`.
const DOCKER: &str = "printf '%s\\n' '#!/bin/bash' 'echo \"$1 $2\" >>/var/log/docker-runs' 'exec /usr/bin/docker \"$@\"' \
                      >/usr/local/bin/docker && chmod 755 /usr/local/bin/docker && touch /var/log/docker-runs && chmod 666 /var/log/docker-runs";
/// Loops of which the mean is taken.
const LOOPS: usize = 5;

#[derive(Debug, Clone, Copy)]
struct Count {
    commands: usize,
    docker: usize,
}

/// Counts on clusters of 1 + 1 nodes.
#[must_use]
pub fn measure(all: &[Programs]) -> Vec<Row> {
    let counts: Vec<[Count; 2]> = all.iter().map(count).collect();
    vec![
        Row {
            what: "SSH commands until `completed`, 1 + 1 nodes",
            reach: "< 60",
            figures: counts
                .iter()
                .map(|[until, _]| format!("{}, with {} runs of docker's client", until.commands, until.docker))
                .collect(),
        },
        Row {
            what: "a loop over a healthy cluster, a node",
            reach: "1 SSH command, at most 2 runs of docker's client",
            figures: counts
                .iter()
                .map(|[_, five]| {
                    let mean = |count: usize| format!("{}.{}", count / 10, count % 10);
                    // Two nodes, five loops.
                    format!("{} SSH commands, {} runs", mean(five.commands), mean(five.docker))
                })
                .collect(),
        },
    ]
}

fn count(programs: &Programs) -> [Count; 2] {
    let mut counts = None;
    site::run_with(programs.clone(), 1, 1, async |site: &mut Site| {
        counts = Some(count_on(site).await);
    });
    let counts = counts.expect("the run ended");
    println!("{}, 1 + 1: {counts:?}", programs.name);
    counts
}

async fn count_on(site: &mut Site) -> [Count; 2] {
    site.fleet
        .each(|node| node.ssh(DOCKER).map(drop))
        .expect("nodes answer");
    site.bring_up(User::Root).await;
    let until = now(site);
    site.wait_for_ready(2).await;
    // Loops after the first `completed` may have something to do still.
    for _ in 0..3 {
        site.wait_for_completed().await;
    }
    let before = now(site);
    let mut seen = BTreeSet::new();
    seen.insert(time_of(site));
    wait_for("loops", PATIENCE, || {
        seen.insert(time_of(site));
        let enough = holds(seen.len() > LOOPS, seen.len());
        async { enough }
    })
    .await;
    let after = now(site);
    [
        until,
        Count {
            commands: after.commands - before.commands,
            docker: after.docker - before.docker,
        },
    ]
}

fn time_of(site: &Site) -> String {
    site.status().expect("a status")["timestamp"].to_string()
}

fn now(site: &Site) -> Count {
    let docker = |node: &Node| {
        let count = node.ssh("wc -l </var/log/docker-runs").expect("a node answers");
        count.trim().parse::<usize>().expect("a number")
    };
    Count {
        commands: site
            .fleet
            .nodes()
            .iter()
            .map(|node| node.cke_commands().expect("a node answers").len())
            .sum(),
        docker: site.fleet.nodes().iter().map(docker).sum(),
    }
}
