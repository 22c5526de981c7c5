//! Both queues, on a real etcd.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use cke_model::reboot::RebootStatus;
use cke_model::repair::RepairStatus;
use support::{Site, run};

const CLUSTER: &str = "name: test
nodes:
- {address: 10.0.0.1, user: a, control_plane: true}
- {address: 10.0.0.2, user: a}
service_subnet: 10.68.0.0/16
repair:
  repair_procedures:
  - machine_types: [x]
    repair_operations:
    - operation: unreachable
      repair_steps: [{repair_command: [\"true\"]}]
      health_check_command: [\"true\"]
";

async fn site() -> Site {
    let site = Site::start().await;
    site.ok(&["cluster", "set", &site.file("cluster.yml", CLUSTER)]);
    site
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_are_queued_all_or_none() {
    let site = site().await;
    assert_eq!(site.ok(&["reboot-queue", "list"]), "null\n");
    let errors = site.fails(&["reboot-queue", "add", &site.file("bad", "10.0.0.1\n10.0.0.9\n")]);
    assert!(errors.contains("10.0.0.9 is not a valid node IP address"), "{errors}");
    assert_eq!(site.ok(&["rq", "list"]), "null\n");
    let file = site.file("nodes", "10.0.0.1 10.0.0.2\n");
    assert_eq!(
        site.ok(&["rq", "add", "--dry-run", &file]),
        "would queue 10.0.0.1\nwould queue 10.0.0.2\n"
    );
    assert_eq!(
        run(site
            .ckecli(&["reboot-queue", "add", "-"])
            .write_stdin("10.0.0.1\n10.0.0.2"))
        .0,
        0
    );
    let listed = site.ok(&["reboot-queue", "list"]);
    let want = "[
    {
        \"index\": \"0\",
        \"node\": \"10.0.0.1\",
        \"status\": \"queued\",
        \"last_transition_time\": \"0001-01-01T00:00:00Z\",
        \"drain_backoff_expire\": \"0001-01-01T00:00:00Z\"
    },
";
    assert!(listed.starts_with(want), "{listed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn reboots_are_shown_in_columns() {
    let site = site().await;
    site.ok(&["rq", "add", &site.file("nodes", "10.0.0.1")]);
    let change = |entry: &mut cke_model::RebootEntry| {
        entry.last_transition_time = "2026-11-22T17:13:31.9Z".parse().unwrap();
        entry.drain_backoff_count = 2;
        true
    };
    site.storage.reboots().modify(0, change).await.unwrap();
    let want = "Index Node     Status LastTransitionTime   DrainBackOffCount DrainBackOffExpire
0     10.0.0.1 queued 2026-11-22T17:13:31Z 2                 0001-01-01T00:00:00Z \n";
    assert_eq!(site.ok(&["rq", "list", "-o", "simple"]), want);
    assert!(site.ok(&["rq", "list", "-o", "table"]).starts_with("INDEX"));
    site.ok(&["rq", "reset-backoff"]);
    assert_eq!(
        site.storage
            .reboots()
            .get(0)
            .await
            .unwrap()
            .unwrap()
            .drain_backoff_count,
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn reboots_are_cancelled() {
    let site = site().await;
    site.ok(&["rq", "add", &site.file("nodes", "10.0.0.1 10.0.0.2 10.0.0.1")]);
    site.ok(&["rq", "cancel", "1"]);
    let statuses = async || {
        let listed = site.storage.reboots().list().await.unwrap().entries;
        listed.into_iter().map(|entry| entry.status).collect::<Vec<_>>()
    };
    use RebootStatus::{Cancelled, Queued};
    assert_eq!(statuses().await, [Queued, Cancelled, Queued]);
    let said = site.ok(&["rq", "cancel-all", "--dry-run"]);
    assert_eq!(
        said,
        "would cancel 0 (10.0.0.1, queued)\nwould cancel 2 (10.0.0.1, queued)\n"
    );
    site.ok(&["rq", "cancel-all"]);
    assert_eq!(statuses().await, [Cancelled, Cancelled, Cancelled]);
    assert!(site.fails(&["rq", "cancel", "7"]).contains("there is no entry 7"));
}

#[tokio::test(flavor = "multi_thread")]
async fn repairs_are_queued_where_there_is_a_procedure() {
    let site = site().await;
    assert_eq!(site.ok(&["repair-queue", "list"]), "null\n");
    site.ok(&["repair-queue", "add", "unreachable", "x", "10.0.0.9", "abc"]);
    let want = "[
    {
        \"index\": \"0\",
        \"address\": \"10.0.0.9\",
        \"nodename\": \"\",
        \"serial\": \"abc\",
        \"machine_type\": \"x\",
        \"operation\": \"unreachable\",
        \"status\": \"queued\",
        \"step\": 0,
        \"step_status\": \"waiting\",
        \"deleted\": false,
        \"last_transition_time\": \"0001-01-01T00:00:00Z\",
        \"drain_backoff_expire\": \"0001-01-01T00:00:00Z\"
    }
]
";
    assert_eq!(site.ok(&["repair-queue", "list"]), want);
    assert!(
        site.fails(&["repair-queue", "add", "unreachable", "z", "10.0.0.9"])
            .contains("procedure not found")
    );
    assert!(
        site.fails(&["repair-queue", "add", "other", "x", "10.0.0.9"])
            .contains("operation not found")
    );
    assert!(
        site.fails(&["repair-queue", "add", "unreachable", "x", "nine"])
            .contains("not an IP address")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn repairs_are_deleted_by_what_became_of_them() {
    let site = site().await;
    for _ in 0..3 {
        site.ok(&["repair-queue", "add", "unreachable", "x", "10.0.0.1"]);
    }
    let fail = |entry: &mut cke_model::RepairEntry| {
        entry.status = RepairStatus::Failed;
        true
    };
    site.storage.repairs().modify(1, fail).await.unwrap();
    assert_eq!(
        site.ok(&["repair-queue", "delete-finished", "--dry-run"]),
        "would delete 1 (10.0.0.1, failed)\n"
    );
    assert_eq!(site.ok(&["repair-queue", "delete-finished"]), "1\n");
    assert_eq!(site.ok(&["repair-queue", "delete-finished"]), "");
    assert_eq!(site.ok(&["repair-queue", "delete", "0"]), "");
    assert_eq!(site.ok(&["repair-queue", "delete-unfinished"]), "2\n");
    assert!(
        site.storage
            .repairs()
            .list()
            .await
            .unwrap()
            .entries
            .iter()
            .all(|entry| entry.deleted)
    );
    assert!(
        site.fails(&["repair-queue", "delete", "9"])
            .contains("there is no entry 9")
    );
    site.ok(&["repair-queue", "reset-backoff"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_repair_queue_is_waited_for() {
    let site = site().await;
    assert_eq!(site.ok(&["repair-queue", "wait"]), "repair queue is empty\n");
    site.ok(&["repair-queue", "add", "unreachable", "x", "10.0.0.1"]);
    let (code, out, errors) = run(&mut site.ckecli(&["repair-queue", "wait", "--timeout-seconds=0"]));
    assert_eq!((code, out.as_str()), (1, "repair queue entries: 1\n"));
    assert!(errors.contains("repair queue is not empty"), "{errors}");
    let (code, _, errors) = run(&mut site.ckecli(&["repair-queue", "wait", "--timeout-seconds=1"]));
    assert!(
        code == 1 && errors.contains("timed out waiting for repair queue to become empty after 1s"),
        "{errors}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spoiled_entry_is_named_and_the_others_shown() {
    let site = site().await;
    site.ok(&["rq", "add", &site.file("nodes", "10.0.0.1 10.0.0.2")]);
    site.etcd.put("reboots/data/0000000000000000", "{").await.unwrap();
    let (code, out, errors) = run(&mut site.ckecli(&["rq", "list"]));
    assert!(code == 0 && out.contains("10.0.0.2"), "{out}");
    assert!(
        errors.contains("Warning: reboots/data/0000000000000000 cannot be read"),
        "{errors}"
    );
}
