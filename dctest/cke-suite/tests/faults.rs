//! Faults on real nodes, beside those of `life`: each converges by itself, and what is not concerned keeps working (rows C1, C2, C8, C13).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::print_stdout, reason = "a test says how long it took")]

use std::time::Instant;

use neco_cke_suite::daemon::tail;
use neco_cke_suite::site::{self, PATIENCE, Site};
use testkit::fleet::User;
use testkit::wait::{holds, wait_for};

#[test]
fn a_cluster_outlives_faults_around_it() {
    site::run(1, 1, async |site| {
        site.bring_up(User::Cke).await;
        site.wait_for_ready(2).await;

        containers_are_removed_by_hand(site).await;
        done("containers removed", site).await;
        docker_is_restarted(site).await;
        done("docker restarted", site).await;
        vault_is_sealed_for_a_while(site).await;
        done("Vault sealed", site).await;
        a_node_is_cut_off_under_an_operation(site).await;
        done("node cut off", site).await;
        etcd_stands_still_for_longer_than_the_lead_lasts(site).await;
        done("etcd frozen", site).await;
    });
}

/// All is as before: nothing is left to do, all nodes are Ready.
async fn done(what: &str, site: &mut Site) {
    let started = Instant::now();
    site.wait_for_completed().await;
    site.wait_for_ready(2).await;
    println!("{what}: whole again {:?} after the fault was healed", started.elapsed());
}

const STARTED: &str = "docker inspect -f \"{{.Name}} {{.State.StartedAt}}\" $(docker ps -q) | sort";

async fn containers_are_removed_by_hand(site: &mut Site) {
    let (plane, worker) = (site.fleet.node("cp1").unwrap(), site.fleet.node("w1").unwrap());
    let before = plane.ssh(STARTED).unwrap();
    plane.ssh("docker rm -f kube-scheduler").unwrap();
    worker.ssh("docker rm -f kubelet rivers").unwrap();
    wait_for_container(site, "cp1", "kube-scheduler").await;
    wait_for_container(site, "w1", "kubelet").await;
    wait_for_container(site, "w1", "rivers").await;
    let untouched = |text: &str| {
        let lines = text.lines().filter(|line| !line.contains("scheduler"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let after = site.fleet.node("cp1").unwrap().ssh(STARTED).unwrap();
    assert_eq!(
        untouched(&after),
        untouched(&before),
        "only what was missing is started"
    );
}

async fn docker_is_restarted(site: &mut Site) {
    let worker = site.fleet.node("w1").unwrap();
    let before = worker.ssh(STARTED).unwrap();
    worker.ssh("systemctl restart docker").unwrap();
    wait_for("containers to be started after docker", PATIENCE, async || {
        let node = site.fleet.node("w1").unwrap();
        let after = node.ssh(STARTED).map_err(|error| error.to_string())?;
        holds(after.lines().count() == before.lines().count(), after)
    })
    .await;
}

/// What runs goes on; CKE does what it was kept from when it can.
async fn vault_is_sealed_for_a_while(site: &mut Site) {
    site.vault.seal().await;
    site.fleet.node("w1").unwrap().ssh("docker rm -f kube-proxy").unwrap();
    let log = site.file("cke.log");
    wait_for("cke to say that Vault is sealed", PATIENCE, async || {
        let said = tail(&log, 20);
        holds(said.contains("sealed"), said)
    })
    .await;
    let (ready, _) = site.ready_nodes().unwrap();
    assert_eq!(ready.len(), 2, "nodes do not need Vault");
    site.vault.unseal().await;
    wait_for_container(site, "w1", "kube-proxy").await;
}

/// The operation cannot end; it is done again when the node answers.
async fn a_node_is_cut_off_under_an_operation(site: &mut Site) {
    let worker = site.fleet.node("w1").unwrap();
    let before = site.history().len();
    worker.ssh("docker rm -f kubelet").unwrap();
    wait_for("an operation on the kubelet to begin", PATIENCE, async || {
        let history = site.history();
        let new = &history[..history.len() - before];
        let names: Vec<&str> = new.iter().filter_map(|record| record["operation"].as_str()).collect();
        holds(
            names.iter().any(|name| name.starts_with("kubelet")),
            format!("{names:?}"),
        )
    })
    .await;
    site.fleet.node("w1").unwrap().cut_network().unwrap();
    wait_for("the node to be missed", PATIENCE, async || {
        let plan = site.ckecli(&["plan"]);
        holds(plan.contains("does not answer over SSH"), plan)
    })
    .await;
    site.fleet.node("w1").unwrap().heal_network().unwrap();
    wait_for_container(site, "w1", "kubelet").await;
}

/// The lead is lost meanwhile; the same server leads again and has restarted nothing.
async fn etcd_stands_still_for_longer_than_the_lead_lasts(site: &mut Site) {
    let before = site.fleet.node("cp1").unwrap().ssh(STARTED).unwrap();
    let records = site.history().len();
    let log = site.file("cke.log");
    let leads = || {
        std::fs::read_to_string(&log)
            .unwrap()
            .matches("I am the leader")
            .count()
    };
    let terms = leads();
    let member = &site.etcd.members()[0];
    member.freeze();
    // The session's time to live is five seconds; etcd itself counts none while it stands.
    wait_for("cke to give the lead up", PATIENCE, async || {
        let said = tail(&log, 20);
        holds(said.contains("the lead ends"), said)
    })
    .await;
    member.thaw();
    site.wait_for_completed().await;
    assert_eq!(leads(), terms + 1, "the same server leads again");
    assert_eq!(site.fleet.node("cp1").unwrap().ssh(STARTED).unwrap(), before);
    assert_eq!(site.history().len(), records, "nothing was done");
}

async fn wait_for_container(site: &Site, node: &str, container: &str) {
    let script = format!("docker inspect -f \"{{{{.State.Running}}}}\" {container}");
    wait_for(&format!("{container} of {node} to run"), PATIENCE, async || {
        let node = site.fleet.node(node).unwrap();
        let said = node.ssh(&script).map_err(|error| error.to_string())?;
        holds(said.trim() == "true", said)
    })
    .await;
}
