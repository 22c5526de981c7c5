//! The suites' reports, compared test by test.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

/// What came of a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// In the report's own word: `passed`, `failed`, `skipped`, ...
    pub state: String,
    /// How long it took.
    pub seconds: u64,
    /// Why it failed; empty when it did not.
    pub reason: String,
}

impl Outcome {
    /// Whether the test was run and passed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.state == "passed"
    }
}

/// The tests of a report, in its order.
pub type Report = Vec<(String, Outcome)>;

/// Reads a report.
///
/// # Errors
/// When it is none.
pub fn read(file: &Path) -> Result<Report> {
    let text = std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    let report: Value = serde_json::from_str(&text).with_context(|| format!("reading {}", file.display()))?;
    Ok(tests(&report))
}

fn tests(report: &Value) -> Report {
    let suites = report.as_array().into_iter().flatten();
    let specs = suites.flat_map(|suite| suite["SpecReports"].as_array().into_iter().flatten());
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let wanted = specs.filter(|spec| matches!(spec["LeafNodeType"].as_str(), Some("It" | "BeforeSuite")));
    wanted
        .map(|spec| {
            let name = name(spec);
            let count = seen.entry(name.clone()).or_default();
            *count += 1;
            let name = if *count == 1 { name } else { format!("{name} ({count})") };
            (name, outcome(spec))
        })
        .collect()
}

/// Without the container that is the same for all.
fn name(spec: &Value) -> String {
    if spec["LeafNodeType"] == "BeforeSuite" {
        return "the suite's preparation: first cluster".to_owned();
    }
    let containers = spec["ContainerHierarchyTexts"].as_array().into_iter().flatten().skip(1);
    let texts = containers.chain([&spec["LeafNodeText"]]).filter_map(Value::as_str);
    texts.collect::<Vec<_>>().join(": ")
}

fn outcome(spec: &Value) -> Outcome {
    let failure = &spec["Failure"];
    let place = failure["Location"]["LineNumber"].as_u64().unwrap_or_default();
    let reason = failure["Message"].as_str().unwrap_or_default();
    Outcome {
        state: spec["State"].as_str().unwrap_or_default().to_owned(),
        seconds: spec["RunTime"].as_u64().unwrap_or_default() / 1_000_000_000,
        reason: if reason.is_empty() {
            String::new()
        } else {
            format!("line {place}: {reason}")
        },
    }
}

/// One test with what both sides made of it, where they ran it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The test.
    pub test: String,
    /// With the original's programs.
    pub original: Option<Outcome>,
    /// With ours.
    pub ours: Option<Outcome>,
}

impl Row {
    /// Whether ours fails what the original passes.
    #[must_use]
    pub fn is_worse(&self) -> bool {
        let passed = |outcome: &Option<Outcome>| outcome.as_ref().is_some_and(Outcome::passed);
        passed(&self.original) && !passed(&self.ours)
    }
}

/// Two reports side by side, in the order of the first that has a test.
#[must_use]
pub fn compare(original: &Report, ours: &Report) -> Vec<Row> {
    let find = |report: &Report, test: &str| {
        report
            .iter()
            .find(|(name, _)| name == test)
            .map(|(_, outcome)| outcome.clone())
    };
    let more = ours
        .iter()
        .filter(|(name, _)| !original.iter().any(|(other, _)| other == name));
    original
        .iter()
        .chain(more)
        .map(|(test, _)| Row {
            test: test.clone(),
            original: find(original, test),
            ours: find(ours, test),
        })
        .filter(|row| {
            ![&row.original, &row.ours]
                .into_iter()
                .flatten()
                .all(|outcome| outcome.state == "skipped" && outcome.seconds == 0 && outcome.reason.is_empty())
        })
        .collect()
}

/// The rows of a suite in Markdown, and below them why tests failed.
#[must_use]
pub fn table(suite: &str, rows: &[Row]) -> String {
    let mut text = String::new();
    let mut reasons = String::new();
    for row in rows {
        let cell = |outcome: &Option<Outcome>| {
            outcome
                .as_ref()
                .map_or_else(|| "not run".to_owned(), |it| format!("{}, {} s", it.state, it.seconds))
        };
        let _ = writeln!(
            text,
            "| {suite} | {} | {} | {} |",
            row.test,
            cell(&row.original),
            cell(&row.ours)
        );
        for (side, outcome) in [("original", &row.original), ("ours", &row.ours)] {
            if let Some(outcome) = outcome.as_ref().filter(|outcome| !outcome.reason.is_empty()) {
                let _ = writeln!(reasons, "{suite}: {}, {side}: {}", row.test, outcome.reason);
            }
        }
    }
    text + &reasons
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use serde_json::json;

    use super::*;

    fn spec(text: &str, state: &str, message: &str) -> Value {
        json!({
            "ContainerHierarchyTexts": ["Test CKE", "robustness"],
            "LeafNodeType": "It",
            "LeafNodeText": text,
            "State": state,
            "RunTime": 2_500_000_000_u64,
            "Failure": {"Message": message, "Location": {"LineNumber": 7}},
        })
    }

    fn report(specs: &[Value]) -> Report {
        super::tests(&json!([{"SpecReports": specs}]))
    }

    #[test]
    fn a_test_that_ours_alone_fails_is_worse() {
        let original = report(&[
            spec("stops", "passed", ""),
            spec("updates", "failed", "late"),
            spec("updates", "passed", ""),
        ]);
        let ours = report(&[spec("stops", "failed", "no"), spec("updates", "passed", "")]);
        let rows = compare(&original, &ours);
        let worse: Vec<(&str, bool)> = rows.iter().map(|row| (row.test.as_str(), row.is_worse())).collect();
        assert_eq!(
            worse,
            [
                ("robustness: stops", true),
                ("robustness: updates", false),
                ("robustness: updates (2)", true)
            ]
        );
        assert_eq!(
            table("robustness", &rows[..1]),
            "| robustness | robustness: stops | passed, 2 s | failed, 2 s |\nrobustness: robustness: stops, ours: line 7: no\n"
        );
    }

    #[test]
    fn what_a_focus_left_out_is_no_row() {
        let mut left_out = spec("stops", "skipped", "");
        left_out["RunTime"] = json!(0);
        let both = report(&[left_out, spec("updates", "passed", "")]);
        let rows = compare(&both, &both);
        assert_eq!(rows.len(), 1);
        assert!(!rows[0].is_worse());
    }
}
