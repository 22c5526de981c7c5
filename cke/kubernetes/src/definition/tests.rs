#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

fn resource(definition: &str) -> ResourceDefinition {
    ResourceDefinition::from_key("K/n", 1, definition.to_owned()).unwrap()
}

fn kind_of(definition: &str) -> Result<Kind, Error> {
    Definitions::default().kind(&resource(definition))
}

#[test]
fn knows_group_version_and_kind() {
    let core = kind_of("apiVersion: v1\nkind: Secret\n").unwrap();
    assert_eq!(
        (core.group.as_str(), core.api_version().as_str(), core.kind.as_str()),
        ("", "v1", "Secret")
    );
    let apps = kind_of(r#"{"apiVersion": "apps/v1", "kind": "Deployment"}"#).unwrap();
    assert_eq!((apps.group.as_str(), apps.api_version().as_str()), ("apps", "apps/v1"));
}

#[test]
fn numbers_are_those_of_yaml_1_1() {
    let object = parse(&resource("defaultMode: 0644\n")).unwrap();
    assert_eq!(object["defaultMode"], serde_json::json!(420));
}

#[test]
fn says_what_is_wrong() {
    let cases = [
        ("kind: Secret\n", "it has no apiVersion"),
        ("apiVersion: v1\nkind: ''\n", "it has no kind"),
        ("- a\n", "it is not an object"),
        ("a: [", "it is not valid YAML"),
        ("", "it is not an object"),
    ];
    for (definition, expected) in cases {
        let error = kind_of(definition).unwrap_err().to_string();
        assert!(
            error.contains("K/n") && error.contains(expected),
            "{definition:?}: {error}"
        );
    }
}

#[test]
fn a_changed_definition_is_read_again() {
    let definitions = Definitions::default();
    assert_eq!(
        definitions.kind(&resource("{apiVersion: v1, kind: A}")).unwrap().kind,
        "A"
    );
    assert_eq!(
        definitions.kind(&resource("{apiVersion: v1, kind: B}")).unwrap().kind,
        "B"
    );
    assert_eq!(definitions.kinds.lock().len(), 2);
}
