//! What Ginkgo reports of a run, in JSON.

use serde::{Deserialize, Serialize};

/// How a test ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should.
    Passed,
    /// Not so: the first lines of why.
    Failed(String),
    /// It ran, and said that it wants something that this cluster has not: what.
    Skipped(String),
    /// It was not to run.
    NotRun,
}

/// One conformance test of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The full name.
    pub name: String,
    /// How it ended.
    pub verdict: Verdict,
    /// How long it took, in milliseconds.
    pub milliseconds: u64,
}

/// Whether a test of this name belongs to the conformance tests.
#[must_use]
pub fn is_conformance(name: &str) -> bool {
    name.contains("[Conformance]")
}

/// The group of a test: `sig-node` of `[sig-node] Pods should ...`.
#[must_use]
pub fn group(name: &str) -> &str {
    let inner = name.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    inner.map_or("others", |(group, _)| group)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Suite {
    spec_reports: Option<Vec<Spec>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Spec {
    container_hierarchy_texts: Option<Vec<String>>,
    leaf_node_text: String,
    state: String,
    /// Nanoseconds.
    run_time: u64,
    failure: Option<Failure>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Failure {
    message: String,
}

/// Reads a report: all conformance tests in it, also those that were not chosen.
///
/// # Errors
/// When it is none.
pub fn parse(text: &[u8]) -> Result<Vec<Outcome>, serde_json::Error> {
    let suites: Vec<Suite> = serde_json::from_slice(text)?;
    let specs = suites
        .into_iter()
        .flat_map(|suite| suite.spec_reports.unwrap_or_default());
    Ok(specs.map(outcome).filter(|one| is_conformance(&one.name)).collect())
}

fn outcome(spec: Spec) -> Outcome {
    let mut texts = spec.container_hierarchy_texts.unwrap_or_default();
    texts.push(spec.leaf_node_text);
    texts.retain(|text| !text.is_empty());
    let message = spec.failure.map(|failure| shortened(&failure.message));
    Outcome {
        name: texts.join(" "),
        verdict: verdict(&spec.state, message),
        milliseconds: spec.run_time / 1_000_000,
    }
}

/// A test that was filtered out is `skipped` without a message.
fn verdict(state: &str, message: Option<String>) -> Verdict {
    match (state, message) {
        ("passed", _) => Verdict::Passed,
        ("skipped", Some(message)) if !message.is_empty() => Verdict::Skipped(message),
        ("skipped" | "pending", _) => Verdict::NotRun,
        (other, message) => Verdict::Failed(message.unwrap_or_else(|| other.to_owned())),
    }
}

/// How much of a failure's message is kept.
const LONGEST: usize = 300;

/// A message as one line that is not too long.
fn shortened(message: &str) -> String {
    let line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{} ...", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
mod tests {
    use super::*;

    fn spec(name: &str, state: &str, failure: Option<&str>) -> serde_json::Value {
        serde_json::json!({
            "ContainerHierarchyTexts": ["[sig-node] Pods", ""],
            "LeafNodeText": name,
            "LeafNodeType": "It",
            "State": state,
            "RunTime": 2_500_000_000_u64,
            "Failure": failure.map(|message| serde_json::json!({"Message": message})),
        })
    }

    fn read(specs: &[serde_json::Value]) -> Vec<Outcome> {
        let text = serde_json::json!([{"SuitePath": "/", "SpecReports": specs}]);
        parse(text.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn conformance_tests_are_found_with_how_they_ended() {
        let all = read(&[
            spec("runs [Conformance]", "passed", None),
            spec("breaks [Conformance]", "failed", Some("expected\n  1\nto be 2")),
            spec("hangs [Conformance]", "timedout", None),
            spec("panics [Conformance]", "panicked", Some("nil")),
            spec("wants [Conformance]", "skipped", Some("no such thing here")),
            spec("was not chosen [Conformance]", "skipped", None),
            spec("is another's", "passed", None),
        ]);
        let verdicts: Vec<Verdict> = all.iter().map(|one| one.verdict.clone()).collect();
        let failed = |why: &str| Verdict::Failed(why.to_owned());
        assert_eq!(
            verdicts,
            [
                Verdict::Passed,
                failed("expected 1 to be 2"),
                failed("timedout"),
                failed("nil"),
                Verdict::Skipped("no such thing here".to_owned()),
                Verdict::NotRun,
            ]
        );
        assert_eq!(all[0].name, "[sig-node] Pods runs [Conformance]");
        assert_eq!(all[0].milliseconds, 2500);
    }

    #[test]
    fn a_long_message_is_cut_between_characters() {
        let Verdict::Failed(message) = &read(&[spec("x [Conformance]", "failed", Some(&"é".repeat(400)))])[0].verdict
        else {
            panic!("it failed");
        };
        assert_eq!(message.chars().count(), LONGEST + 4);
    }

    #[test]
    fn a_suite_without_tests_is_empty() {
        assert_eq!(parse(br#"[{"SuitePath": "/", "SpecReports": null}]"#).unwrap(), []);
        assert!(parse(b"{").is_err());
    }

    #[test]
    fn the_group_stands_in_the_first_brackets() {
        assert_eq!(group("[sig-node] Pods x [Conformance]"), "sig-node");
        assert_eq!(group("Pods x [Conformance]"), "others");
    }
}
