//! Templates built and rendered as by the original: what it gave was recorded beside these tests.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use sabakan_ignition::{Error, Prepared, Spec};
use sabakan_model::json::RawJson;
use sabakan_model::{IgnitionTemplate, decode_stored, to_go_json};
use serde_json::Value as Json;

const TREES: [(&str, &str); 4] = [
    ("worker", "worker/site.yml"),
    ("common", "common/common.yml"),
    ("legacy", "legacy/site.yml"),
    ("boot", "boot/site.yml"),
];

#[test]
fn trees_are_built_to_the_byte() {
    for (name, source) in TREES {
        let text = String::from_utf8(to_go_json(&support::built(source).template).unwrap()).unwrap();
        assert_eq!(
            text,
            support::read(&format!("golden/{name}.built.json")).trim_end(),
            "{name}"
        );
    }
}

#[test]
fn machines_get_the_same_bytes() {
    for (name, source) in TREES {
        let prepared = Prepared::new(&support::built(source).template).unwrap();
        let text = prepared
            .render(&support::machine(), &support::urls(), Spec::Stored)
            .unwrap();
        assert_eq!(
            text,
            support::read(&format!("golden/{name}.render.json")).trim_end(),
            "{name}"
        );
    }
}

#[test]
fn a_template_read_back_from_its_stored_form_renders_the_same() {
    for (name, _) in TREES {
        let stored: IgnitionTemplate =
            decode_stored(support::read(&format!("golden/{name}.built.json")).as_bytes()).unwrap();
        let text = Prepared::new(&stored)
            .unwrap()
            .render(&support::machine(), &support::urls(), Spec::Stored)
            .unwrap();
        assert_eq!(
            text,
            support::read(&format!("golden/{name}.render.json")).trim_end(),
            "{name}"
        );
    }
}

fn render(version: &str, template: &str) -> Result<String, Error> {
    let template = IgnitionTemplate {
        version: version.to_owned(),
        template: RawJson::new(template).map_err(|_| Error::Version("not JSON".to_owned()))?,
        meta: Some(decode_stored(br#"{"k":"v","n":1234567}"#).unwrap()),
        ..IgnitionTemplate::default()
    };
    Prepared::new(&template)?.render(&support::machine(), &support::urls(), Spec::Stored)
}

#[test]
fn documents_that_only_the_api_can_store_render_the_same() {
    let cases: Json = serde_json::from_str(&support::read("stored.json")).unwrap();
    let mut wrong = Vec::new();
    for case in cases.as_array().unwrap() {
        let result = render(case["version"].as_str().unwrap(), case["template"].as_str().unwrap());
        let good = match &result {
            Ok(text) => case["want"].as_str() == Some(text),
            Err(_) => case["error"].is_string(),
        };
        if !good {
            let want = case.get("want").unwrap_or(&case["error"]);
            wrong.push(format!(
                "{} {}\n  want {want}\n  got  {result:?}",
                case["version"], case["template"]
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {} differ:\n{}",
        wrong.len(),
        cases.as_array().unwrap().len(),
        wrong.join("\n")
    );
}
