#![allow(clippy::unwrap_used, reason = "tests")]

use serde::Deserialize;

use super::*;

#[derive(Deserialize, Debug, Default, PartialEq)]
#[serde(default, deny_unknown_fields)]
struct Strict {
    http: String,
    workers: u8,
}

#[derive(Deserialize, Debug, Default, PartialEq)]
#[serde(default)]
struct Lenient {
    http: String,
    nested: Nested,
}

#[derive(Deserialize, Debug, Default, PartialEq)]
#[serde(default)]
struct Nested {
    a: u8,
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let refused = |text: &str| {
        parse::<Strict>("sabakan.yml", text, Unknown::Refuse)
            .unwrap_err()
            .to_string()
    };
    for (text, parts) in [
        ("http: x\nhtpp: y\n", ["line 2", "htpp"]),
        ("http: x\nworkers: many\n", ["line 2", "sabakan.yml"]),
        ("http: x\nhttp: y\n", ["line 2", "http"]),
        ("http: [\n", ["line", "sabakan.yml"]),
        ("workers: 300\n", ["line 1", "sabakan.yml"]),
    ] {
        let message = refused(text);
        assert!(
            parts.iter().all(|part| message.contains(part)),
            "{text:?} gave {message}"
        );
    }
}

#[test]
fn an_empty_file_is_all_defaults() {
    for text in ["", "\n# nothing\n", "---\n", "{}"] {
        assert_eq!(
            parse::<Strict>("x", text, Unknown::Refuse).unwrap(),
            Strict::default(),
            "{text:?}"
        );
    }
}

#[test]
fn unknown_keys_may_be_a_warning() {
    let text = "http: x\nold: 1\nnested:\n  a: 2\n  b: 3\n";
    let value: Lenient = parse("x", text, Unknown::Warn).unwrap();
    assert_eq!(
        value,
        Lenient {
            http: "x".to_owned(),
            nested: Nested { a: 2 }
        }
    );
}

#[test]
fn a_missing_file_is_named() {
    let error = load::<Strict>(Path::new("/nowhere/sabakan.yml"), Unknown::Refuse).unwrap_err();
    assert!(error.to_string().contains("/nowhere/sabakan.yml"), "{error}");
}
