#![allow(clippy::unwrap_used, reason = "tests")]

use super::{YamlError, parse, typed};
use crate::Cluster;
use serde_json::json;

fn cluster(text: &str) -> (Result<Cluster, YamlError>, Vec<String>) {
    let mut warnings = Vec::new();
    let tree = parse(text, &mut warnings).unwrap();
    (typed(&tree, &mut warnings), warnings)
}

#[test]
fn scalars_are_those_of_yaml_1_1() {
    let text = "mode: 0644\nyes: on\nplain: 1.50\nnothing: ~\nlist: [a, 2, off]\n";
    let tree = parse(text, &mut Vec::new()).unwrap();
    let want = json!({"mode": 420, "yes": true, "plain": 1.5, "nothing": null, "list": ["a", 2, false]});
    assert_eq!(tree, want);
}

#[test]
fn what_stands_where_a_text_belongs_is_that_text() {
    let (cluster, warnings) = cluster("name: 12\nnodes: [{hostname: yes, labels: {1: 0644}}]\nDNS_Service: ~\n");
    let cluster = cluster.unwrap();
    assert_eq!(
        (cluster.name.as_str(), cluster.nodes[0].hostname.as_str()),
        ("12", "true")
    );
    assert_eq!(cluster.nodes[0].labels.as_ref().unwrap()["1"], "420");
    assert_eq!(warnings, Vec::<String>::new());
}

#[test]
fn unknown_keys_are_named_with_their_places() {
    let text = "name: a\nfoo: {x: 1}\nnodes: [{user: a}, {user: b, rack: 3}]\nrepair: {success_timeout_seconds: 3}\n";
    let (cluster, mut warnings) = cluster(text);
    assert_eq!(cluster.unwrap().nodes[1].user, "b");
    warnings.sort();
    let named: Vec<_> = warnings.iter().map(|w| w.split(':').next().unwrap()).collect();
    assert_eq!(named, ["foo", "nodes[1].rack", "repair.success_timeout_seconds"]);
}

#[test]
fn the_last_of_doubled_keys_counts_and_is_warned_of() {
    let (cluster, warnings) = cluster("name: a\nname: b\n");
    assert_eq!(cluster.unwrap().name, "b");
    assert!(
        warnings[0].contains("name") && warnings[0].contains("line 2"),
        "{warnings:?}"
    );
}

#[test]
fn values_of_wrong_types_are_placed() {
    let cases = [
        ("nodes: [{}, {labels: [a]}]", "nodes[1].labels"),
        ("nodes: [{control_plane: 3}]", "nodes[0].control_plane"),
        ("reboot: {command_retries: many}", "reboot.command_retries"),
        ("options: {kubelet: {extra_args: {a: b}}}", "options.kubelet.extra_args"),
        ("nodes: [null]", "nodes[0]"),
        ("name: [a]", "name"),
        ("[]", "the document"),
    ];
    for (text, want) in cases {
        match cluster(text).0 {
            Err(YamlError::Type { place, .. }) => assert_eq!(place, want, "{text}"),
            other => assert!(other.is_err(), "{text}: {other:?}"),
        }
    }
}

#[test]
fn what_is_no_yaml_is_refused_with_its_line() {
    for text in ["a: b\nc: [", "a: b\n\tc: d", "a: 'b"] {
        let error = parse(text, &mut Vec::new()).unwrap_err().to_string();
        assert!(error.contains("line"), "{error}");
    }
}
