//! What the leader decided, and what would be decided, on a real etcd.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use cke_model::RebootEntry;
use cke_plan::{Subject, WaitReason, WaitsSince};
use serde_json::{Value, json};
use std::time::Duration;
use support::Site;

const CLUSTER: &str = "name: test
nodes:
- {address: 10.0.0.1, user: a, control_plane: true, labels: {topology.kubernetes.io/zone: rack1}}
- {address: 10.0.0.2, hostname: two, user: a, labels: {topology.kubernetes.io/zone: rack2}}
service_subnet: 10.68.0.0/16
";

async fn site() -> Site {
    let site = Site::start().await;
    site.ok(&["cluster", "set", &site.file("cluster.yml", CLUSTER)]);
    site
}

/// Nodes that answer, on which nothing runs.
const BARE: &str =
    r#"{"config_version":"2","nodes":{"10.0.0.1":{"ssh_connected":true},"10.0.0.2":{"ssh_connected":true}}}"#;

fn observed(site: &Site) -> String {
    let mut observed = serde_json::to_value(cke_model::Observed::default()).unwrap();
    let node = serde_json::to_value(cke_model::observed::NodeStatus {
        ssh_connected: true,
        ..Default::default()
    })
    .unwrap();
    let bare: Value = serde_json::from_str(BARE).unwrap();
    observed["config_version"] = bare["config_version"].clone();
    for address in bare["nodes"].as_object().unwrap().keys() {
        observed["nodes"][address] = node.clone();
    }
    site.file("observed.json", &observed.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_shown_with_order_and_cost() {
    let site = site().await;
    let observed = observed(&site);
    let text = site.ok(&["plan", "--observed", &observed]);
    assert!(
        text.starts_with("phase rivers\n1. rivers-bootstrap on 10.0.0.1, 10.0.0.2\n   steps: "),
        "{text}"
    );
    assert!(text.contains("   cost: 2 nodes, 2 containers started"), "{text}");
    let shown: Value = serde_json::from_str(&site.ok(&["plan", "--observed", &observed, "-o", "json"])).unwrap();
    assert_eq!(shown["plan"]["phase"], "rivers");
    assert_eq!(shown["cost"]["starts"], 3, "etcd-rivers on the control plane as well");
    let keys = site.etcd.read_prefix("").await.unwrap().kvs.len();
    assert_eq!(keys, 1, "nothing was written but the cluster");
}

#[tokio::test(flavor = "multi_thread")]
async fn plans_are_rehearsed() {
    let site = site().await;
    let observed = observed(&site);
    let text = site.ok(&["plan", "--observed", &observed, "--what-if", "rack=2,state=unreachable"]);
    assert!(text.contains("rivers-bootstrap on 10.0.0.1\n"), "{text}");
    assert!(text.contains("waits: "), "{text}");
    let errors = site.fails(&["plan", "--observed", &observed, "--what-if", "rack=9,state=unreachable"]);
    assert!(errors.contains("no node of the cluster fits"), "{errors}");
    site.fails(&["plan", "--observed", &observed, "--what-if", "rack=2,state=odd"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn plans_are_made_for_what_is_proposed_and_while_frozen() {
    let site = site().await;
    let observed = observed(&site);
    let proposed = site.file("proposed.yml", &CLUSTER.replace("10.0.0.2", "10.0.0.3"));
    let text = site.ok(&["plan", "--observed", &observed, "--cluster", &proposed]);
    assert!(!text.contains("10.0.0.2"), "{text}");
    site.ok(&["freeze", "--by", "alice", "network"]);
    let text = site.ok(&["plan", "--observed", &observed]);
    assert!(
        text.contains("nothing is to be done now") && text.contains("frozen by alice"),
        "{text}"
    );
    assert!(
        site.ok(&["plan", "--observed", &observed, "--thawed"])
            .contains("rivers-bootstrap")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_vault_a_plan_says_what_is_missing() {
    let site = Site::start().await;
    assert!(site.fails(&["plan"]).contains("no cluster is declared"));
    site.ok(&["cluster", "set", &site.file("cluster.yml", CLUSTER)]);
    assert!(site.fails(&["plan"]).contains("run `ckecli vault init`"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_holds_a_node_or_an_entry_is_explained() {
    let site = site().await;
    assert!(site.fails(&["explain"]).contains("nobody leads"));
    let leader = site
        .storage
        .election("boot-0", Duration::from_secs(10))
        .campaign()
        .await
        .unwrap();
    assert!(site.fails(&["explain"]).contains("boot-0 leads and waits for Vault"));
    site.storage
        .reboots()
        .add(&[RebootEntry::new("10.0.0.2")])
        .await
        .unwrap();
    let wait = |subject: Subject, words: &str| json!({"subject": subject, "reason": WaitReason::RebootQueueDisabled {}, "words": words, "since": "2026-11-22T16:00:00Z"});
    let plan = json!({
        "phase": "completed",
        "decided_at": "2026-11-22T17:14:23Z",
        "operations": [{"name": "kubelet-restart", "targets": ["10.0.0.1"], "steps": []}],
        "waits": [
            wait(Subject::Reboot(0), "entry 0: disabled"),
            wait(Subject::Node("10.0.0.2".into()), "node: not ready since 2026-11-22T16:00:00Z"),
        ],
        "more_waits": 1,
    });
    let more = json!({"waits": [
        {"guard": "reboot-queue-disabled", "since": "2026-11-22T15:00:00Z", "subjects": [Subject::Reboot(0)]},
        {"guard": "turn", "since": "2026-11-22T17:00:00Z", "subjects": [Subject::Node("10.0.0.1".into())]},
    ]});
    let more: WaitsSince = serde_json::from_value(more).unwrap();
    site.storage.put_waits(&leader.guard(), &more).await.unwrap();
    site.storage
        .put_plan(&leader.guard(), leader.lease_id(), &plan)
        .await
        .unwrap();
    let head = |subject: &str| format!("{subject}, as boot-0 decided at 2026-11-22T17:14:23Z in phase completed:\n");
    assert_eq!(
        site.ok(&["explain", "10.0.0.1"]),
        head("node 10.0.0.1") + "- kubelet-restart is done now\n- node 10.0.0.1: turn (since 2026-11-22T17:00:00Z)\n"
    );
    let waits = "- entry 0: disabled (since 2026-11-22T16:00:00Z)\n- node: not ready since 2026-11-22T16:00:00Z\n";
    assert_eq!(site.ok(&["explain", "two"]), head("node two") + waits);
    let entry = site.ok(&["explain", "reboot/0"]);
    assert_eq!(entry, head("entry 0 of the reboot queue") + waits);
    assert_eq!(site.ok(&["explain"]).lines().count(), 5);
    let shown: Value = serde_json::from_str(&site.ok(&["explain", "two", "-o", "json"])).unwrap();
    assert_eq!(
        (&shown["phase"], shown["waits"].as_array().unwrap().len()),
        (&json!("completed"), 2)
    );
    assert_eq!(shown["waits"][0]["since"], "2026-11-22T16:00:00Z");
    assert!(site.fails(&["explain", "10.0.0.9"]).contains("is no node"));
    assert!(site.fails(&["explain", "repair/4"]).contains("no entry 4"));
}
