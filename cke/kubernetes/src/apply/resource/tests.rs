#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::*;
use serde_json::json;

fn with_revision(object: Value) -> Result<Value, Error> {
    let Value::Object(mut object) = object else {
        panic!("not an object")
    };
    let resource = ResourceDefinition {
        key: "K/n".to_owned(),
        revision: 7,
        ..ResourceDefinition::default()
    };
    set_revision(&resource, &mut object).map(|()| Value::Object(object))
}

#[test]
fn the_revision_joins_the_other_annotations() {
    let revision = json!({"metadata": {"annotations": {"cke.cybozu.com/revision": "7"}}});
    assert_eq!(with_revision(json!({})).unwrap(), revision);
    assert_eq!(
        with_revision(json!({"metadata": {"annotations": null}})).unwrap(),
        revision
    );
    let kept =
        with_revision(json!({"metadata": {"name": "n", "annotations": {"a": "b", "cke.cybozu.com/revision": "6"}}}));
    assert_eq!(
        kept.unwrap(),
        json!({"metadata": {"name": "n", "annotations": {"a": "b", "cke.cybozu.com/revision": "7"}}}),
    );
}

#[test]
fn says_what_is_wrong() {
    let error = with_revision(json!({"metadata": {"annotations": []}}))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("K/n") && error.contains("annotations is not an object"),
        "{error}"
    );
}
