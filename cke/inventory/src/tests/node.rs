//! A machine as a node.

use super::{in_days, machine, taint};
use crate::{Label, State, machine_to_node};
use cke_model::cluster::Node;
use std::collections::BTreeMap;

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn template() -> Node {
    Node {
        user: "cybozu".to_owned(),
        hostname: "ignored".to_owned(),
        control_plane: true,
        labels: Some(map(&[
            ("foo", "bar"),
            ("sabakan.cke.cybozu.com/shared", "template"),
            ("cke.cybozu.com/role", "no"),
            ("cke.cybozu.com/weight", "2"),
        ])),
        annotations: Some(map(&[("hoge", "fuga"), ("cke.cybozu.com/serial", "no")])),
        taints: Some(vec![taint("foo", "", "NoSchedule")]),
        ..Node::default()
    }
}

#[test]
fn labels_annotations_and_taints_to_the_letter() {
    let mut machine = machine("10.0.0.1", "worker", 0, 0, State::Unhealthy);
    machine.spec.ipv4.push("10.0.0.2".to_owned());
    machine.spec.serial = "test".to_owned();
    machine.spec.index_in_rack = 1;
    machine.spec.register_date = "2017-12-02T09:08:07.123+09:00".parse().unwrap();
    let label = |name: &str, value: &str| Label {
        name: name.to_owned(),
        value: value.to_owned(),
    };
    machine.spec.labels = vec![label("foo", "foobar"), label("shared", "machine")];

    let node = machine_to_node(&machine, machine.address().unwrap(), &template());
    let labels = map(&[
        ("cke.cybozu.com/index-in-rack", "1"),
        ("cke.cybozu.com/rack", "0"),
        ("cke.cybozu.com/register-month", "2017-12"),
        ("cke.cybozu.com/retire-month", "2018-12"),
        ("cke.cybozu.com/retire-year", "2018"),
        ("cke.cybozu.com/role", "worker"),
        ("cke.cybozu.com/weight", "2"),
        ("foo", "bar"),
        ("node-role.kubernetes.io/control-plane", "true"),
        ("node-role.kubernetes.io/master", "true"),
        ("node-role.kubernetes.io/worker", "true"),
        ("sabakan.cke.cybozu.com/foo", "foobar"),
        ("sabakan.cke.cybozu.com/shared", "template"),
        ("topology.kubernetes.io/zone", "rack0"),
    ]);
    let annotations = map(&[
        ("hoge", "fuga"),
        ("cke.cybozu.com/serial", "test"),
        ("cke.cybozu.com/register-date", "2017-12-02T09:08:07+09:00"),
        ("cke.cybozu.com/retire-date", "2018-12-02T00:00:00Z"),
    ]);
    let expected = Node {
        address: "10.0.0.1".to_owned(),
        hostname: String::new(),
        labels: Some(labels),
        annotations: Some(annotations),
        ..template()
    };
    assert_eq!(node, expected);
}

#[test]
fn taints_follow_states() {
    let cases = [
        (State::Unreachable, Some(("unreachable", "NoSchedule"))),
        (State::Retiring, Some(("retiring", "NoExecute"))),
        (State::Retired, Some(("retired", "NoExecute"))),
        (State::Healthy, None),
        (State::Unhealthy, None),
        (State::Updating, None),
        (State::Uninitialized, None),
        (State::Unknown("LATER".to_owned()), None),
    ];
    for (state, expected) in cases {
        let machine = machine("10.0.0.1", "worker", 0, 0, state.clone());
        let node = machine_to_node(&machine, "10.0.0.1", &template());
        let mut taints = vec![taint("foo", "", "NoSchedule")];
        taints.extend(expected.map(|(value, effect)| taint("cke.cybozu.com/state", value, effect)));
        assert_eq!(node.taints, Some(taints), "{state:?}");
        let bare = machine_to_node(&machine, "10.0.0.1", &Node::default());
        assert_eq!(
            bare.taints.map(|taints| taints.len()),
            expected.map(|_| 1),
            "{state:?}: no taints are null"
        );
        assert!(!bare.labels.unwrap().contains_key("node-role.kubernetes.io/master"));
    }
}

#[test]
fn a_date_that_was_never_set_is_year_one() {
    let mut machine = machine("10.0.0.1", "worker", 0, 0, State::Healthy);
    machine.spec.retire_date = gojson::GoTime::ZERO;
    let node = machine_to_node(&machine, "10.0.0.1", &Node::default());
    let labels = node.labels.unwrap();
    assert_eq!(labels["cke.cybozu.com/retire-year"], "1");
    assert_eq!(labels["cke.cybozu.com/retire-month"], "0001-01");
    assert_eq!(
        node.annotations.unwrap()["cke.cybozu.com/retire-date"],
        "0001-01-01T00:00:00Z"
    );
    assert_eq!(in_days(0).to_string(), "2018-12-02T00:00:00Z");
}
