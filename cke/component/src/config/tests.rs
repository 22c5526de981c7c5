#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use super::check::ConfigError;
use super::{KUBELET, Object, PROXY, SCHEDULER, same};
use serde_json::{Value, json};

fn object(value: Value) -> Object {
    match value {
        Value::Object(object) => object,
        other => panic!("{other} is no object"),
    }
}

#[test]
fn compares_by_meaning() {
    let kubelet = KUBELET.fields;
    for (a, b, expected) in [
        (json!({}), json!({}), true),
        (
            json!({}),
            json!({"maxPods": 0, "clusterDNS": [], "evictionHard": {}, "syncFrequency": "0s"}),
            true,
        ),
        (json!({"syncFrequency": "1m0s"}), json!({"syncFrequency": "60s"}), true),
        (json!({"syncFrequency": "1m0s"}), json!({"syncFrequency": "61s"}), false),
        (json!({"syncFrequency": "1m"}), json!({}), false),
        // A pointer knows whether it was set.
        (json!({"failSwapOn": false}), json!({}), false),
        (json!({"failSwapOn": null}), json!({}), true),
        (json!({"failSwapOn": false}), json!({"failSwapOn": false}), true),
        (json!({"tracing": {}}), json!({}), false),
        (json!({"authentication": {"anonymous": {}}}), json!({}), true),
        (
            json!({"authentication": {"anonymous": {"enabled": false}}}),
            json!({}),
            false,
        ),
        // Unknown fields are not read by anybody.
        (json!({"nobody": 1}), json!({}), true),
        (
            json!({"clusterDNS": ["a", "b"]}),
            json!({"clusterDNS": ["b", "a"]}),
            false,
        ),
        (
            json!({"evictionHard": {"a": ""}}),
            json!({"evictionHard": {"b": ""}}),
            false,
        ),
        (
            json!({"logging": {"options": {"json": {"infoBufferSize": "0"}}}}),
            json!({}),
            true,
        ),
        (
            json!({"logging": {"flushFrequency": "5s"}}),
            json!({"logging": {"flushFrequency": 5_000_000_000_i64}}),
            true,
        ),
        (
            json!({"reservedMemory": [{"limits": {"memory": "1Gi"}}]}),
            json!({"reservedMemory": [{"limits": {"memory": "1024Mi"}, "numaNode": 0}]}),
            true,
        ),
        (json!({"maxPods": "what"}), json!({"maxPods": 1}), false),
        (
            json!({"memoryThrottlingFactor": 1}),
            json!({"memoryThrottlingFactor": 1.0}),
            true,
        ),
    ] {
        assert_eq!(
            same(kubelet, &object(a.clone()), &object(b.clone())),
            expected,
            "{a} and {b}"
        );
        assert_eq!(
            same(kubelet, &object(b.clone()), &object(a.clone())),
            expected,
            "{b} and {a}"
        );
    }
}

#[test]
fn lays_declarations_over_defaults() {
    let defaults =
        json!({"conntrack": {"min": 1, "tcpEstablishedTimeout": "24h"}, "metricsBindAddress": "0.0.0.0", "mode": "a"});
    for (declared, expected) in [
        (
            json!({"conntrack": {"min": null}, "mode": null}),
            json!({"conntrack": {"tcpEstablishedTimeout": "24h"}, "metricsBindAddress": "0.0.0.0", "mode": "a"}),
        ),
        (
            json!({"Mode": "", "featureGates": {"A": false}, "nodePortAddresses": []}),
            json!({"conntrack": {"min": 1, "tcpEstablishedTimeout": "24h"}, "metricsBindAddress": "0.0.0.0", "featureGates": {"A": false}}),
        ),
        (
            json!({"nobody": {}, "conntrack": {"min": 0, "tcpBeLiberal": false}}),
            json!({"conntrack": {"min": 0, "tcpEstablishedTimeout": "24h"}, "metricsBindAddress": "0.0.0.0", "mode": "a"}),
        ),
    ] {
        let merged = PROXY.over(defaults.clone(), Some(&declared));
        assert_eq!(Value::Object(merged), expected, "{declared}");
    }
}

#[test]
fn fields_are_sorted_and_known_to_the_search() {
    fn check(fields: super::Fields) {
        for pair in fields.windows(2) {
            assert!(pair[0].0 < pair[1].0, "{} before {}", pair[0].0, pair[1].0);
        }
        for (_, shape) in fields {
            descend(shape);
        }
    }
    fn descend(shape: &super::Shape) {
        match shape {
            super::Shape::Object(fields) => check(fields),
            super::Shape::List(inner) | super::Shape::Map(inner) | super::Shape::Pointer(inner) => descend(inner),
            _ => {}
        }
    }
    [KUBELET, PROXY, SCHEDULER]
        .iter()
        .for_each(|schema| check(schema.fields));
}

#[test]
fn refuses_what_the_program_would_refuse() {
    let at = "options.kubelet.config";
    let check = |mut config: Value| {
        config["apiVersion"] = KUBELET.api_version.into();
        config["kind"] = KUBELET.kind.into();
        KUBELET.check(at, &config).map_err(|e| e.to_string())
    };
    assert_eq!(check(json!({"maxPods": 1})), Ok(vec![]));
    assert_eq!(check(json!({"nobody": 1, "logging": {"me": 1}})).unwrap().len(), 2);
    for (config, place) in [
        (
            json!({"maxPods": "many"}),
            "options.kubelet.config.maxPods: \"many\" where a whole number is expected",
        ),
        (
            json!({"syncFrequency": 10}),
            "options.kubelet.config.syncFrequency: 10 where a duration like 1m30s is expected",
        ),
        (
            json!({"clusterDNS": "1.1.1.1"}),
            "options.kubelet.config.clusterDNS: \"1.1.1.1\" where a list is expected",
        ),
        (
            json!({"clusterDNS": [1]}),
            "options.kubelet.config.clusterDNS[0]: 1 where text is expected",
        ),
        (
            json!({"authentication": []}),
            "options.kubelet.config.authentication: [] where an object is expected",
        ),
        (
            json!({"featureGates": {"A": "true"}}),
            "options.kubelet.config.featureGates.A: \"true\" where true or false is expected",
        ),
    ] {
        assert_eq!(check(config), Err(place.to_owned()));
    }
    let wrong = KUBELET.check(at, &json!({"apiVersion": "v1", "kind": "KubeletConfiguration"}));
    assert!(matches!(wrong, Err(ConfigError::ApiVersion { .. })), "{wrong:?}");
    let wrong = KUBELET.check(at, &json!({"apiVersion": KUBELET.api_version}));
    assert!(matches!(wrong, Err(ConfigError::Kind { .. })), "{wrong:?}");
    assert!(matches!(
        KUBELET.check(at, &json!([])),
        Err(ConfigError::NotAnObject { .. })
    ));
}
