//! The engine against what Go's text/template gave: the project's shared vectors, and a table recorded for this crate.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use gotemplate::{Error, Functions, Limits, Template, Time, Value};
use serde_json::Value as Json;

fn render(source: &str, data: &Value, functions: &Functions) -> Result<String, Error> {
    let template = Template::parse("t", source.as_bytes(), functions)?;
    let bytes = template.render(data, functions, &Limits::default())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[test]
fn all_shared_vectors_render_as_in_go() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors/go-template.json");
    let vectors: Json = serde_json::from_str(&std::fs::read_to_string(path).expect(path)).unwrap();
    let machine = support::machine_of(&vectors["machine"], Time::default(), Time::default(), 0.0);
    let functions = support::functions();
    let mut wrong = Vec::new();
    let cases = vectors["cases"].as_array().unwrap();
    for case in cases {
        let source = case["template"].as_str().unwrap();
        let result = render(source, &machine, &functions);
        let good = match &result {
            Ok(text) => case["want"].as_str() == Some(text),
            Err(_) => case["error"] == true,
        };
        if !good {
            wrong.push(format!(
                "{source}\n  want {} or error {}\n  got  {result:?}",
                case["want"], case["error"]
            ));
        }
    }
    assert_eq!(cases.len(), 30);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Where our error points at the part that failed, and Go's at what it evaluated last, or at what is inside of it.
const MORE_EXACT: [&str; 5] = [
    "{{ .Spec.RetireDate.Add 1000000000 }} {{ .Spec.RetireDate.AddDate 0 0 (add 1 1) }}",
    "{{ MyURL.Foo }}",
    "{{ (\"x\") \"y\" }}",
    "{{ (.Spec).Role }} {{ ((.Spec)).BMC.Type }} {{ (index .Info.Network.IPv4 0).Nope }}",
    "{{ (index .Info.Network.IPv4 0).Address.X }}",
];

/// Up to the message, which is in our own words: `template: t:1:8: executing "t" at <.Spec.Nope>`. Go's parser gives lines
/// only.
fn head(message: &str) -> String {
    let message = &message.replace("{{ ", "{{").replace(" }}", "}}");
    match message.rsplit_once(">: ").filter(|_| message.contains("executing")) {
        Some(_) => message.split(">: ").next().unwrap().to_owned(),
        None => message.split(':').take(3).collect::<Vec<_>>().join(":"),
    }
}

#[test]
fn all_recorded_cases_render_as_in_go() {
    let table: Json = serde_json::from_str(include_str!("cases.json")).unwrap();
    let (machine, document) = (support::machine(), Value::from_json(&table["data"]));
    let functions = support::functions();
    let mut wrong = Vec::new();
    for case in table["cases"].as_array().unwrap() {
        let source = case["template"].as_str().unwrap();
        let data = if case["data"] == "machine" { &machine } else { &document };
        let result = render(source, data, &functions).map_err(|error| error.to_string());
        let good = match &result {
            Ok(text) => case["want"].as_str() == Some(text),
            Err(error) => case["error"]
                .as_str()
                .is_some_and(|want| MORE_EXACT.contains(&source) || head(want) == head(error)),
        };
        if !good {
            let want = case["want"].as_str().map(|want| format!("{want:?}"));
            let want = want.or_else(|| case["error"].as_str().map(str::to_owned)).unwrap();
            wrong.push(format!("{source}\n  want {want}\n  got  {result:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}
