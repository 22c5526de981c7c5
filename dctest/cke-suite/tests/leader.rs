//! Leaders die in every phase (rows C1 to C3, C17, C22, C27, C30): in the midst of each operation that comes up in the making and in
//! the life of a cluster. The next one goes on from what is there; the cluster is completed, and nothing is there twice.
//!
//! What does not come up here (restarts because of drift, give-ups after hours) is played by the simulator, whose leaders end between
//! any two steps.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::print_stdout, reason = "a test says how long it took")]

use std::collections::BTreeSet;
use std::time::Instant;

use cke_component::catalog::OPERATIONS;
use neco_cke_suite::cluster;
use neco_cke_suite::site::{self, Site};
use neco_cke_suite::succession::Succession;
use neco_cke_suite::untouched::Picture;
use serde_json::{Value, json};
use testkit::fleet::{Role, User};
use testkit::wait::holds;

#[test]
fn leaders_die_in_every_phase() {
    site::run(1, 1, async |site| {
        let mut leaders = Succession::new(site).await;
        bring_up(site, &mut leaders).await;
        nothing_is_done_by_a_new_leader(site, &mut leaders).await;
        etcd_is_stopped(site, &mut leaders).await;
        etcd_does_not_serve_for_a_while(site, &mut leaders).await;
        a_worker_is_rebooted(site, &mut leaders).await;
        a_machine_is_repaired(site, &mut leaders).await;
        a_worker_becomes_a_control_plane_and_one_again(site, &mut leaders).await;
        a_worker_leaves(site, &mut leaders).await;

        let all: BTreeSet<_> = OPERATIONS.iter().map(|operation| operation.phase).collect();
        assert_eq!(leaders.phases(), all, "a leader died in every phase");
        println!("{} leaders died: {:#?}", leaders.deaths(), leaders.operations());
    });
}

async fn bring_up(site: &mut Site, leaders: &mut Succession) {
    site.begin(&declared(site));
    completed("the bring-up", site, leaders, |_| Ok(())).await;
    site.write_kubeconfig();
    site.wait_for_ready(2).await;
    site.check_that_nothing_is_doubled(&["cp1"], &["w1"]);
}

/// Brings the cluster to rest while leaders die.
async fn completed(what: &str, site: &mut Site, leaders: &mut Succession, done: impl Fn(&Site) -> Result<(), String>) {
    let (started, before) = (Instant::now(), leaders.deaths());
    leaders.until_completed(site, what, done).await;
    println!(
        "{what}: {:?}, {} leaders died",
        started.elapsed(),
        leaders.deaths() - before
    );
}

/// With queues that work: nothing is really rebooted, and what must be repaired is a file.
fn declared(site: &Site) -> Value {
    let mut cluster = cluster::of(&site.fleet, User::Root);
    cluster["reboot"]["eviction_timeout_seconds"] = json!(20);
    cluster["reboot"]["boot_check_command"] = json!(["sh", "-c", "echo true"]);
    let repaired = site.file("repaired");
    let health = format!("test -e {} && echo true", repaired.display());
    cluster["repair"] = json!({
        "eviction_timeout_seconds": 20,
        "repair_procedures": [{
            "machine_types": ["lab"],
            "repair_operations": [{
                "operation": "unreachable",
                "repair_steps": [{
                    "repair_command": ["sh", "-c", format!("touch {}", repaired.display())],
                    "command_timeout_seconds": 30,
                    "need_drain": true,
                    "watch_seconds": 10,
                }],
                "health_check_command": ["sh", "-c", health],
                "command_timeout_seconds": 30,
            }],
        }],
    });
    cluster
}

async fn nothing_is_done_by_a_new_leader(site: &mut Site, leaders: &mut Succession) {
    let before = Picture::take(site);
    leaders.replace_leader(site).await;
    completed("a death at rest", site, leaders, |_| Ok(())).await;
    assert_eq!(before.differences(&Picture::take(site)), <[String; 0]>::default());
}

async fn etcd_is_stopped(site: &mut Site, leaders: &mut Succession) {
    site.fleet.node("cp1").unwrap().ssh("docker rm --force etcd").unwrap();
    completed("a stopped etcd", site, leaders, |_| Ok(())).await;
}

/// Its process stands still; a leader that waits for it dies.
async fn etcd_does_not_serve_for_a_while(site: &mut Site, leaders: &mut Succession) {
    site.fleet.node("cp1").unwrap().ssh("docker pause etcd").unwrap();
    leaders.until_death_in(site, "etcd-wait-cluster").await;
    site.fleet.node("cp1").unwrap().ssh("docker unpause etcd").unwrap();
    completed("an etcd that stood still", site, leaders, |_| Ok(())).await;
}

async fn a_worker_is_rebooted(site: &mut Site, leaders: &mut Succession) {
    let address = site.fleet.node("w1").unwrap().address();
    let list = site.write("reboot", &format!("{address}\n"));
    site.ckecli(&["reboot-queue", "add", &list]);
    completed("a reboot", site, leaders, |site| {
        remedy(site, "reboot-queue");
        let entries = site.ckecli_json(&["reboot-queue", "list"]);
        holds(entries.as_array().is_none_or(Vec::is_empty), entries)
    })
    .await;
    let marked = site.kubectl(&["get", "node", &address, "-o", "jsonpath={.spec.unschedulable}"]);
    assert_eq!(marked.unwrap(), "", "it takes pods again");
}

async fn a_machine_is_repaired(site: &mut Site, leaders: &mut Succession) {
    let address = site.fleet.node("w1").unwrap().address();
    site.ckecli(&["repair-queue", "add", "unreachable", "lab", &address]);
    completed("a repair", site, leaders, |site| {
        remedy(site, "repair-queue");
        let entries = site.ckecli_json(&["repair-queue", "list"]);
        let status = entries.pointer("/0/status").and_then(Value::as_str);
        assert_ne!(status, Some("failed"), "{entries}");
        holds(status == Some("succeeded"), entries)
    })
    .await;
    let marked = site.kubectl(&["get", "node", &address, "-o", "jsonpath={.spec.unschedulable}"]);
    assert_eq!(marked.unwrap(), "", "it takes pods again");
    site.ckecli(&["repair-queue", "delete-finished"]);
}

/// A leader that died in a drain leaves one that may come to nothing; the entry rests then, and says how a person ends that.
fn remedy(site: &Site, queue: &str) {
    if site.ckecli(&["explain"]).contains("at once with `reset-backoff`") {
        site.ckecli(&[queue, "reset-backoff"]);
    }
}

async fn a_worker_becomes_a_control_plane_and_one_again(site: &mut Site, leaders: &mut Succession) {
    let mut cluster = declared(site);
    site.ckecli(&["constraints", "set", "control-plane-count", "2"]);
    for node in cluster["nodes"].as_array_mut().unwrap() {
        node["control_plane"] = json!(true);
    }
    site.declare(&cluster);
    completed("a second control plane", site, leaders, |_| Ok(())).await;
    site.check_that_nothing_is_doubled(&["cp1", "w1"], &[]);

    site.ckecli(&["constraints", "set", "control-plane-count", "1"]);
    site.declare(&declared(site));
    completed("one control plane again", site, leaders, |_| Ok(())).await;
    site.check_that_nothing_is_doubled(&["cp1"], &["w1"]);
}

async fn a_worker_leaves(site: &mut Site, leaders: &mut Succession) {
    let mut cluster = declared(site);
    let worker = site.fleet.nodes().iter().position(|node| node.role() == Role::Worker);
    cluster["nodes"].as_array_mut().unwrap().remove(worker.unwrap());
    site.declare(&cluster);
    completed("a node that leaves", site, leaders, |_| Ok(())).await;
    site.check_that_nothing_is_doubled(&["cp1"], &[]);
}
