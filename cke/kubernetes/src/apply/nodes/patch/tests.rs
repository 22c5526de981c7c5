#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

fn node(labels: &Value, annotations: &Value, taints: &Value) -> Node {
    serde_json::from_value(json!({
        "metadata": {"name": "n1", "labels": labels, "annotations": annotations},
        "spec": {"taints": taints},
    }))
    .unwrap()
}

fn taint(key: &str, value: &str, effect: &str) -> Taint {
    serde_json::from_value(json!({"key": key, "value": value, "effect": effect})).unwrap()
}

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

fn declared(labels: &[(&str, &str)], taints: Vec<Taint>) -> Declared {
    Declared {
        address: "n1".to_owned(),
        labels: Some(map(labels)),
        taints: Some(taints),
        ..Declared::default()
    }
}

#[test]
fn boot_taints_are_added_or_given_their_value() {
    let before = node(
        &json!({}),
        &json!({}),
        &json!([
            {"key": "a", "value": "old", "effect": "NoSchedule"},
            {"key": "b", "effect": "NoExecute"},
        ]),
    );
    let wanted = [taint("a", "new", "NoSchedule"), taint("b", "", "NoSchedule")];
    let patch = with_taints(&before, &wanted).unwrap();
    let expected = json!({"spec": {"taints": [
        {"key": "a", "value": "new", "effect": "NoSchedule"},
        {"key": "b", "effect": "NoExecute"},
        {"key": "b", "effect": "NoSchedule"},
    ]}});
    assert_eq!(patch, expected);
    assert_eq!(with_taints(&before, &[taint("a", "old", "NoSchedule")]), None);
    assert_eq!(with_taints(&Node::default(), &[]), None);
}

#[test]
fn what_others_changed_since_the_observation_stays() {
    // Observed: the label `seen` and a not-ready taint. Since then the label went, another came, the taint was lifted.
    let now = node(
        &json!({"kubelet": "new", "cke.cybozu.com/old": "x"}),
        &json!({"other": "kept", "sabakan.cke.cybozu.com/old": "x", "cke.cybozu.com/reboot": "true"}),
        &json!([{"key": "gpu", "effect": "NoSchedule"}, {"key": "cke.cybozu.com/old", "effect": "NoExecute"}]),
    );
    let wanted = NodeAttributes {
        name: "n1".to_owned(),
        labels: map(&[("seen", "1"), ("team", "a"), ("cke.cybozu.com/master", "true")]),
        annotations: BTreeMap::new(),
        taints: vec![
            taint("team", "a", "NoSchedule"),
            taint("node.kubernetes.io/not-ready", "", "NoExecute"),
        ],
    };
    let node = declared(&[("team", "a")], vec![taint("team", "a", "NoSchedule")]);
    let patch = with_attributes(&now, &wanted, Some(&node)).unwrap();
    let expected = json!({
        "metadata": {
            "labels": {"team": "a", "cke.cybozu.com/master": "true", "cke.cybozu.com/old": null},
            "annotations": {"sabakan.cke.cybozu.com/old": null},
        },
        "spec": {"taints": [
            {"key": "team", "value": "a", "effect": "NoSchedule"},
            {"key": "gpu", "effect": "NoSchedule"},
        ]},
    });
    assert_eq!(patch, expected);
}

#[test]
fn nothing_is_sent_where_all_is_as_it_should_be() {
    let now = node(
        &json!({"team": "a", "other": "b"}),
        &json!({"cke.cybozu.com/reboot": "true"}),
        &json!([{"key": "cke.cybozu.com/master", "effect": "PreferNoSchedule"}]),
    );
    let wanted = NodeAttributes {
        name: "n1".to_owned(),
        labels: map(&[("team", "a")]),
        annotations: BTreeMap::new(),
        taints: vec![taint("cke.cybozu.com/master", "", "PreferNoSchedule")],
    };
    assert_eq!(
        with_attributes(&now, &wanted, Some(&declared(&[("team", "a")], vec![]))),
        None
    );
}

#[test]
fn a_declared_taint_replaces_all_of_its_key() {
    let now = node(
        &json!({}),
        &json!({}),
        &json!([
            {"key": "team", "value": "a", "effect": "NoSchedule"},
            {"key": "team", "value": "a", "effect": "NoExecute"},
        ]),
    );
    let wanted = NodeAttributes {
        taints: vec![taint("team", "b", "NoSchedule")],
        ..NodeAttributes::default()
    };
    let node = declared(&[], vec![taint("team", "b", "NoSchedule")]);
    let patch = with_attributes(&now, &wanted, Some(&node)).unwrap();
    assert_eq!(
        patch["spec"]["taints"],
        json!([{"key": "team", "value": "b", "effect": "NoSchedule"}])
    );
}

#[test]
fn only_cke_own_names_are_internal() {
    let node = declared(&[("node-role.kubernetes.io/worker", "true")], vec![]);
    let cases = [
        ("cke.cybozu.com/master", true),
        ("cke.cybozu.com/anything", true),
        ("sabakan.cke.cybozu.com/state", true),
        ("cke.cybozu.com/reboot", false),
        ("node-role.kubernetes.io/master", true),
        ("node-role.kubernetes.io/control-plane", true),
        ("node-role.kubernetes.io/worker", true),
        ("node-role.kubernetes.io/other", false),
        ("kubernetes.io/hostname", false),
        ("xcke.cybozu.com/a", false),
    ];
    for (key, expected) in cases {
        assert_eq!(is_internal(key, Some(&node)), expected, "{key}");
    }
}
