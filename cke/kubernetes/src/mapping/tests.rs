#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use serde_json::json;

fn kind(kind: &str) -> Kind {
    Kind {
        group: "g".to_owned(),
        version: "v1".to_owned(),
        kind: kind.to_owned(),
    }
}

#[test]
fn subresources_are_no_kinds() {
    let list = serde_json::from_value(json!({"groupVersion": "g/v1", "resources": [
        {"name": "things/status", "singularName": "", "kind": "Thing", "namespaced": false, "verbs": []},
        {"name": "things", "singularName": "thing", "kind": "Thing", "namespaced": true, "verbs": []},
        {"name": "things/scale", "singularName": "", "kind": "Scale", "namespaced": true, "verbs": []},
    ]}))
    .unwrap();
    let answer = Answer::of(list);
    let mapping = answer.mapping(&kind("Thing")).unwrap();
    assert_eq!((mapping.resource.plural.as_str(), mapping.namespaced), ("things", true));
    assert_eq!(mapping.resource.api_version, "g/v1");
    assert_eq!(answer.mapping(&kind("Scale")), None);
}

#[test]
fn a_trusted_mapping_needs_group_version_and_kind() {
    let trusted: Vec<TrustedRestMapping> = serde_json::from_value(json!([
        {"group": "g", "version": "v2", "kind": "Thing", "resource": "old", "namespaced": true},
        {"group": "g", "version": "v1", "kind": "Thing", "resource": "things", "namespaced": false},
    ]))
    .unwrap();
    let mapping = trusted_mapping(&kind("Thing"), &trusted).unwrap();
    assert_eq!(
        (mapping.resource.plural.as_str(), mapping.namespaced),
        ("things", false)
    );
    assert_eq!(trusted_mapping(&kind("Other"), &trusted), None);
}
