//! A cluster's life on real nodes: a node is lost and comes back (C1, C13), nodes are rebooted through the queue (C27 to C29), a machine is
//! repaired (C30), the leader dies and another takes over without touching a healthy part (C2, C17).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::time::Duration;

use neco_cke_suite::cluster;
use neco_cke_suite::site::{self, Site};
use serde_json::{Value, json};
use testkit::fleet::User;
use testkit::wait::{holds, wait_for};

const PATIENCE: Duration = Duration::from_secs(150);

#[test]
fn a_cluster_outlives_lost_nodes_reboots_repairs_and_its_leader() {
    site::run(1, 2, async |site| {
        let cluster = declared(site);
        site.bring_up_as(&cluster).await;
        site.wait_for_ready(3).await;
        site.check_that_pods_work().await;

        a_new_leader_touches_nothing(site).await;
        a_cluster_of_an_older_version_is_upgraded(site).await;
        a_lost_node_comes_back(site).await;
        a_worker_is_rebooted_through_the_queue(site).await;
        a_machine_is_repaired(site).await;
    });
}

/// With commands that really reboot, and with lost nodes noticed within seconds.
fn declared(site: &Site) -> Value {
    let mut cluster = cluster::of(&site.fleet, User::Root);
    let reboot = site.on_node("systemctl reboot");
    // The command's connection may end before its answer comes.
    let reboot = json!(["sh", "-c", format!("{reboot}; true"), "reboot"]);
    let booted = site.on_node("stat -c %Y /run/systemd/private");
    let booted = format!("[ \"$({booted})\" -ge \"$2\" ] && echo true || echo false");
    let healthy = site.on_node("systemctl is-active docker");
    let healthy = format!(
        "test -e {} && [ \"$({healthy})\" = active ] && echo true",
        site.file("repaired").display()
    );
    cluster["reboot"]["reboot_command"] = reboot.clone();
    cluster["reboot"]["boot_check_command"] = json!(["sh", "-c", booted, "booted"]);
    cluster["repair"] = json!({
        "repair_procedures": [{
            "machine_types": ["lab"],
            "repair_operations": [{
                "operation": "unreachable",
                "repair_steps": [{
                    "repair_command": touch(site, "repaired"),
                    "command_timeout_seconds": 30,
                    "need_drain": true,
                    "watch_seconds": 60,
                }],
                "health_check_command": ["sh", "-c", healthy, "healthy"],
                "command_timeout_seconds": 30,
                "success_command": touch(site, "success"),
            }],
        }],
    });
    cluster["options"]["kubelet"]["config"]["nodeLeaseDurationSeconds"] = json!(8);
    cluster["options"]["kube-controller-manager"] = json!({"extra_args": ["--node-monitor-grace-period=10s"]});
    cluster
}

/// A command that makes a file, whatever address follows it.
fn touch(site: &Site, name: &str) -> [String; 3] {
    let file = site.file(name);
    ["sh".to_owned(), "-c".to_owned(), format!("touch {}", file.display())]
}

async fn a_new_leader_touches_nothing(site: &mut Site) {
    let records = site.history().len();
    let started = containers(site);
    site.cke.take().unwrap().kill();
    site.start_cke();
    site.wait_for_completed().await;
    assert_eq!(site.history().len(), records, "{:#?}", &site.history()[..2]);
    assert_eq!(containers(site), started);
}

/// Before version 2 of the configuration members of etcd had no mark that they were completely added.
async fn a_cluster_of_an_older_version_is_upgraded(site: &mut Site) {
    const VERSION: &str = "/cke/config-version";
    let started = containers(site);
    site.stop_cke();
    let plane = site.fleet.node("cp1").unwrap();
    plane.ssh("docker volume rm etcd-added-member").unwrap();
    site.etcd.ctl(&["put", VERSION, "1"]);
    site.start_cke();
    site.wait_for_completed().await;
    assert_eq!(site.history()[0]["operation"], "upgrade");
    assert_eq!(site.etcd.ctl(&["get", "--print-value-only", VERSION]).trim(), "2");
    let plane = site.fleet.node("cp1").unwrap();
    plane.ssh("docker volume inspect etcd-added-member").unwrap();
    assert_eq!(containers(site), started);
}

/// When each container of each node was started.
fn containers(site: &Site) -> Vec<String> {
    let script = "docker inspect -f '{{.Name}} {{.State.StartedAt}}' $(docker ps -q) | sort";
    site.fleet
        .nodes()
        .iter()
        .map(|node| node.ssh(script).unwrap())
        .collect()
}

async fn a_lost_node_comes_back(site: &mut Site) {
    let lost = site.fleet.node("w2").unwrap();
    lost.cut_power().unwrap();
    let address = lost.address();
    wait_for("the lost node to be noticed", PATIENCE, async || {
        let (ready, others) = site.ready_nodes()?;
        holds(
            others == [address.clone()],
            format!("ready {ready:?}, not ready {others:?}"),
        )
    })
    .await;
    lost.restore_power().unwrap();
    lost.wait_until_up(PATIENCE).unwrap();
    site.wait_for_ready(3).await;
    site.wait_for_completed().await;
    // A drain may not take the last pod that resolves names.
    site.wait_for_deployment("kube-system", "cluster-dns").await;
    site.wait_for_deployment("default", "web").await;
}

async fn a_worker_is_rebooted_through_the_queue(site: &mut Site) {
    let (address, boots) = {
        let node = site.fleet.node("w1").unwrap();
        (node.address(), node.boots())
    };
    let list = site.write("reboot", &format!("{address}\n"));
    site.ckecli(&["reboot-queue", "add", &list]);
    wait_for("the reboot queue to be empty", PATIENCE, async || {
        let entries = site.ckecli_json(&["reboot-queue", "list"]);
        holds(entries.as_array().is_none_or(Vec::is_empty), entries)
    })
    .await;
    assert_eq!(site.fleet.node("w1").unwrap().boots(), boots + 1);
    site.wait_for_ready(3).await;
    wait_for_schedulable(site, &address).await;
    site.wait_for_deployment("kube-system", "cluster-dns").await;
    site.wait_for_deployment("default", "web").await;
    site.wait_for_completed().await;
}

async fn a_machine_is_repaired(site: &mut Site) {
    let address = site.fleet.node("w2").unwrap().address();
    site.ckecli(&["repair-queue", "add", "unreachable", "lab", &address]);
    wait_for("the repair to succeed", PATIENCE, async || {
        let entries = site.ckecli_json(&["repair-queue", "list"]);
        let status = entries.pointer("/0/status").and_then(Value::as_str);
        assert_ne!(status, Some("failed"), "{entries}");
        holds(status == Some("succeeded"), entries)
    })
    .await;
    assert!(site.file("success").exists());
    wait_for_schedulable(site, &address).await;
    site.ckecli(&["repair-queue", "delete-finished"]);
    site.wait_for_completed().await;
}

async fn wait_for_schedulable(site: &Site, address: &str) {
    wait_for("the node to take pods again", PATIENCE, async || {
        let seen = site.kubectl(&["get", "node", address, "-o", "jsonpath={.spec.unschedulable}"])?;
        holds(seen.is_empty(), format!("unschedulable: {seen}"))
    })
    .await;
}
