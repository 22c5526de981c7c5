//! Configuration files against those that CKE 1.35.4 wrote for the same declarations (`data/`).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use cke_component::config::{self, Object, Schema};
use cke_component::{cluster_dns, kubelet, node_dns, proxy, scheduler};
use cke_model::cluster::{KubeletParams, ProxyParams, SchedulerParams};
use serde_json::Value;
use testkit::golden;

fn data(name: &str) -> Value {
    let path = format!("{}/tests/data/{name}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap()
}

fn declared(case: &Value) -> Option<Value> {
    case.get("config").cloned()
}

fn build(case: &Value) -> (Schema, Object) {
    if let Some(case) = case.get("kubelet") {
        let taints = case
            .get("boot_taints")
            .map(|taints| serde_json::from_value(taints.clone()).unwrap());
        let params = KubeletParams {
            config: declared(case),
            boot_taints: taints.unwrap_or_default(),
            ..KubeletParams::default()
        };
        let config = kubelet::config(&params, text(case, "address"), case.get("running"));
        return (config::KUBELET, config);
    }
    if let Some(case) = case.get("proxy") {
        let params = ProxyParams {
            config: declared(case),
            ..ProxyParams::default()
        };
        return (config::PROXY, proxy::config(&params, text(case, "nodename")));
    }
    let params = SchedulerParams {
        config: declared(&case["scheduler"]),
        ..SchedulerParams::default()
    };
    (config::SCHEDULER, scheduler::config(&params))
}

fn yaml(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

#[test]
fn files_mean_the_same() {
    let theirs = data("written-by-cke-1.35.4.json");
    for case in data("cases.json").as_array().unwrap() {
        let name = text(case, "name");
        let (schema, ours) = build(case);
        let theirs = yaml(text(&theirs, name));
        let theirs = theirs.as_object().unwrap();
        assert!(
            config::same(schema.fields, &ours, theirs),
            "{name}\n{ours:#?}\n{theirs:#?}"
        );
        let written = yaml(&schema.to_yaml(&ours));
        assert_eq!(written["apiVersion"], schema.api_version, "{name}");
        assert_eq!(written["kind"], schema.kind, "{name}");
        assert!(
            config::same(schema.fields, written.as_object().unwrap(), theirs),
            "{name}, written"
        );
    }
}

/// A comparison that says yes to everything would pass the test above.
#[test]
fn no_two_cases_mean_the_same() {
    let cases = data("cases.json");
    let built: Vec<_> = cases
        .as_array()
        .unwrap()
        .iter()
        .map(|case| (text(case, "name"), build(case)))
        .collect();
    for (name, (schema, ours)) in &built {
        for (other, (other_schema, theirs)) in &built {
            let same = schema.kind == other_schema.kind && config::same(schema.fields, ours, theirs);
            assert_eq!(same, name == other, "{name} and {other}");
        }
    }
}

#[test]
fn resolvers_are_configured_byte_for_byte() {
    let none = Vec::new();
    let two = vec!["10.0.0.1".to_owned(), "10.0.0.2".to_owned()];
    golden!(
        "tests/golden/corefile-plain.conf",
        cluster_dns::corefile("cluster.local", &none)
    );
    golden!(
        "tests/golden/corefile-upstreams.conf",
        cluster_dns::corefile("neco.example", &two)
    );
    let unbound = node_dns::unbound_conf("10.68.0.10", "cluster.local", &none);
    golden!("tests/golden/unbound-plain.conf", unbound);
    let unbound = node_dns::unbound_conf("10.68.0.10", "neco.example", &two);
    golden!("tests/golden/unbound-upstreams.conf", unbound);
}
