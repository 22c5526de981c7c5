#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
use super::*;
use cke_model::cluster::Node;
use cke_model::reboot::{RebootEntry, RebootStatus};
use cke_model::repair::RepairEntry;

fn seen() -> Seen {
    let mut reboot = RebootEntry::new("10.0.0.1");
    reboot.status = RebootStatus::Draining;
    let mut repair = RepairEntry::new("unreachable", "qemu", "10.0.0.9", "serial");
    repair.index = 3.into();
    Seen {
        known: true,
        nodes: vec![Node {
            address: "10.0.0.1".into(),
            hostname: "n1".into(),
            ..Node::default()
        }],
        reboots_enabled: true,
        reboots: vec![reboot],
        repairs_enabled: false,
        auto_repair_enabled: true,
        repairs: vec![repair],
    }
}

#[test]
fn only_the_leader_shows_more_than_that_it_is_none() {
    let metrics = Metrics::new().unwrap();
    metrics.queues(seen());
    let text = metrics.text().unwrap();
    assert!(text.contains("cke_leader 0"), "{text}");
    assert!(
        !text.contains("cke_reboot") && !text.contains("cke_operation_phase"),
        "{text}"
    );
}

#[test]
fn the_leader_shows_the_names_that_dashboards_use() {
    let metrics = Metrics::new().unwrap();
    metrics.set_leader(true);
    metrics.queues(seen());
    let plan = Plan {
        phase: Phase::K8sStart,
        operations: Vec::new(),
        waits: Vec::new(),
    };
    metrics.decided(&plan, 1_700_000_000);
    metrics.integrated(Some((&BTreeMap::from([("cs".to_owned(), 4)]), 2)), 1_700_000_001);
    let text = metrics.text().unwrap();
    for line in [
        "cke_leader 1",
        "cke_operation_phase{phase=\"k8s-start\"} 1",
        "cke_operation_phase{phase=\"completed\"} 0",
        "cke_operation_phase_timestamp_seconds 1700000000",
        "cke_reboot_queue_enabled 1",
        "cke_reboot_queue_running 1",
        "cke_reboot_queue_entries 1",
        "cke_reboot_queue_items{status=\"draining\"} 1",
        "cke_reboot_queue_items{status=\"queued\"} 0",
        "cke_node_reboot_status{node=\"n1\",status=\"draining\"} 1",
        "cke_repair_queue_enabled 0",
        "cke_auto_repair_enabled 1",
        "cke_repair_queue_items{status=\"queued\"} 1",
        "cke_machine_repair_status{address=\"10.0.0.1\",status=\"queued\"} 0",
        "cke_machine_repair_status{address=\"10.0.0.9\",status=\"queued\"} 1",
        "cke_repair_queue_entries{address=\"10.0.0.9\",index=\"3\",operation=\"unreachable\",status=\"queued\",step=\"0\"} 1",
        "cke_sabakan_integration_successful 1",
        "cke_sabakan_workers{role=\"cs\"} 4",
        "cke_sabakan_unused_machines 2",
    ] {
        assert!(text.lines().any(|l| l == line), "{line} is missing in\n{text}");
    }
}

#[test]
fn a_failed_generation_keeps_the_last_counts() {
    let metrics = Metrics::new().unwrap();
    metrics.set_leader(true);
    metrics.integrated(Some((&BTreeMap::from([("cs".to_owned(), 4)]), 2)), 1);
    metrics.integrated(None, 2);
    let text = metrics.text().unwrap();
    assert!(text.contains("cke_sabakan_integration_successful 0"), "{text}");
    assert!(text.contains("cke_sabakan_integration_timestamp_seconds 2"), "{text}");
    assert!(text.contains("cke_sabakan_workers{role=\"cs\"} 4"), "{text}");
}
