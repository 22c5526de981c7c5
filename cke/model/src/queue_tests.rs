#![allow(clippy::unwrap_used, reason = "tests")]

use crate::constraints::Constraints;
use crate::reboot::{self, RebootEntry, RebootStatus};
use crate::repair::{self, NoProcedure, RepairEntry, RepairStatus};
use crate::{Cluster, Record};
use gojson::{decode_stored, to_go_string};

const CLUSTER: &str = "
name: a
nodes:
- {address: 10.0.0.1, hostname: one, control_plane: true}
- {address: 10.0.0.2}
repair:
  repair_procedures:
  - machine_types: [x, z]
    repair_operations:
    - {operation: unreachable, repair_steps: [{watch_seconds: 1}, {watch_seconds: 2}]}
  - machine_types: [z]
    repair_operations: [{operation: other}]
";

fn cluster() -> Cluster {
    Cluster::parse(CLUSTER).unwrap().0
}

#[test]
fn reboots_are_counted_and_deduplicated() {
    let mut entries = ["10.0.0.1", "10.0.0.9", "10.0.0.1"].map(RebootEntry::new);
    entries[2].status = RebootStatus::Draining;
    let firsts = reboot::first_of_each_node(&entries);
    assert_eq!(firsts, [&entries[0], &entries[1]]);
    let counts: Vec<_> = reboot::count(&entries).into_iter().collect();
    let want = [("cancelled", 0), ("draining", 1), ("queued", 2), ("rebooting", 0)];
    assert_eq!(counts, want.map(|(status, n)| (status.to_owned(), n)));
    let nodes = reboot::by_node(&cluster().nodes, &entries);
    assert_eq!(nodes.keys().collect::<Vec<_>>(), ["10.0.0.2", "one"]);
    assert!(nodes["one"]["queued"] && nodes["one"]["draining"] && !nodes["10.0.0.2"]["queued"]);
    assert!(entries[0].is_member(&cluster()) && !entries[1].is_member(&cluster()));
}

#[test]
fn repairs_find_their_procedures() {
    let find = |operation: &str, kind: &str, step| {
        let mut entry = RepairEntry::new(operation, kind, "10.0.0.1", "");
        entry.step = step;
        entry.repair_step(&cluster()).map(|step| step.watch_seconds)
    };
    assert_eq!(find("unreachable", "z", 1), Ok(Some(2)));
    assert_eq!(find("unreachable", "w", 0), Err(NoProcedure::MachineType));
    assert_eq!(
        find("other", "z", 0),
        Err(NoProcedure::Operation),
        "only the first procedure of a type counts"
    );
    assert_eq!(find("unreachable", "x", 2), Err(NoProcedure::Step));
    assert_eq!(find("unreachable", "x", -1), Err(NoProcedure::Step));
}

#[test]
fn repairs_are_counted_by_machine() {
    let mut entries = ["10.0.0.1", "10.0.0.9"].map(|address| RepairEntry::new("a", "x", address, ""));
    entries[1].status = RepairStatus::Failed;
    assert_eq!(repair::count(&entries)["failed"], 1);
    let machines = repair::by_address(&cluster().nodes, &entries);
    assert_eq!(
        machines.keys().collect::<Vec<_>>(),
        ["10.0.0.1", "10.0.0.2", "10.0.0.9"]
    );
    assert!(machines["10.0.0.1"]["queued"] && machines["10.0.0.9"]["failed"] && !machines["10.0.0.2"]["queued"]);
    let [mut inside, mut outside] = entries;
    inside.fill_nodename(&cluster());
    outside.fill_nodename(&cluster());
    assert_eq!((inside.nodename.as_str(), outside.is_in_cluster()), ("one", false));
    assert!(outside.has_finished() && !inside.has_finished());
}

#[test]
fn entries_are_stored_as_the_original_stores_them() {
    let reboot = r#"{"index":"1","node":"10.0.0.1","status":"queued","last_transition_time":"0001-01-01T00:00:00Z","drain_backoff_expire":"0001-01-01T00:00:00Z"}"#;
    let mut entry = RebootEntry::new("10.0.0.1");
    entry.index = 1.into();
    assert_eq!(to_go_string(&entry).unwrap(), reboot);
    let repair = r#"{"index":"1","address":"10.0.0.1","nodename":"one","machine_type":"x","operation":"a","status":"queued","step":0,"step_status":"waiting","deleted":false,"last_transition_time":"0001-01-01T00:00:00Z","drain_backoff_expire":"0001-01-01T00:00:00Z"}"#;
    let mut entry = RepairEntry::new("a", "x", "10.0.0.1", "");
    entry.index = 1.into();
    entry.fill_nodename(&cluster());
    assert_eq!(to_go_string(&entry).unwrap(), repair);
}

#[test]
fn words_and_members_of_other_versions_are_kept() {
    let stored = r#"{"index":"1","node":"a","status":"postponed","last_transition_time":"2026-11-22T00:00:00Z","drain_backoff_expire":"0001-01-01T00:00:00Z","rack":7}"#;
    let entry: RebootEntry = decode_stored(stored.as_bytes()).unwrap();
    assert_eq!(entry.status, RebootStatus::Unknown("postponed".to_owned()));
    assert_eq!(to_go_string(&entry).unwrap(), stored);
}

#[test]
fn empty_lists_are_left_out_or_kept_as_in_go() {
    let text = r#"{"trusted_rest_mappings":[],"dns_servers":[],"nodes":[],"reboot":{"protected_namespaces":{"matchLabels":{}}}}"#;
    let cluster: Cluster = decode_stored(text.as_bytes()).unwrap();
    let written = to_go_string(&cluster).unwrap();
    assert!(written.contains(r#""dns_servers":[]"#) && written.contains(r#""control_plane_tolerations":null"#));
    assert!(
        written.contains(r#""protected_namespaces":{}"#) && !written.contains("trusted"),
        "{written}"
    );
}

#[test]
fn records_follow_their_operation() {
    let (start, end) = (
        "2026-11-22T00:00:00Z".parse().unwrap(),
        "2026-11-22T00:01:00Z".parse().unwrap(),
    );
    let mut record = Record::new(7, "etcd-bootstrap", Some(vec!["10.0.0.1".to_owned()]), start);
    record.run_step("make-files", "");
    record.fail("disk full", end);
    let want = r#"{"id":"7","status":"cancelled","operation":"etcd-bootstrap","command":{"name":"make-files","target":""},"targets":["10.0.0.1"],"info":"","error":"disk full","start-at":"2026-11-22T00:00:00Z","end-at":"2026-11-22T00:01:00Z"}"#;
    assert_eq!(to_go_string(&record).unwrap(), want);
}

#[test]
fn constraints_compare_control_planes() {
    let mut constraints = Constraints::documented_defaults();
    assert_eq!(constraints.check(&cluster()), Ok(()));
    constraints.control_plane_count = 3;
    let refused = constraints.check(&cluster()).unwrap_err().to_string();
    assert_eq!(
        refused,
        "the cluster has 1 control planes, the constraint control-plane-count wants 3"
    );
}
