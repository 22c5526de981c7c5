//! Which tests run together, and how they are run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The groups of Kubernetes' tests that have conformance tests, in the order in which they run.
pub const GROUPS: [&str; 10] = [
    "sig-architecture",
    "sig-auth",
    "sig-instrumentation",
    "sig-cli",
    "sig-node",
    "sig-network",
    "sig-storage",
    "sig-apps",
    "sig-api-machinery",
    "sig-scheduling",
];

/// Tests that run together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What they are called on the terminal and in the names of files.
    pub name: String,
    /// A regular expression that their full names match.
    pub focus: String,
}

impl Choice {
    /// All conformance tests of a group.
    #[must_use]
    pub fn group(name: &str) -> Choice {
        Choice {
            name: name.to_owned(),
            focus: format!(r"\[{}\].*\[Conformance\]", escaped(name)),
        }
    }

    /// These tests and no others; none when there are none.
    #[must_use]
    pub fn tests<'a>(name: &str, tests: impl IntoIterator<Item = &'a str>) -> Option<Choice> {
        let focus = any_of(tests)?;
        let name = name.to_owned();
        Some(Choice { name, focus })
    }
}

/// A regular expression that these full names match; none when there are none.
fn any_of<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let all: Vec<String> = names.into_iter().map(|name| escaped(name) + "$").collect();
    (!all.is_empty()).then(|| all.join("|"))
}

/// A text as a regular expression that matches just it.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if r"\.+*?()|[]{}^$".contains(character) {
            out.push('\\');
        }
        out.push(character);
    }
    out
}

/// What a run needs beside its choice.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The folder with `e2e.test`.
    pub programs: PathBuf,
    /// An administrator's kubeconfig.
    pub kubeconfig: PathBuf,
    /// `kubectl`.
    pub kubectl: PathBuf,
    /// Where the report goes.
    pub reports: PathBuf,
    /// How many tests run at the same time, where they may.
    pub processes: u8,
}

/// Where Ginkgo writes the report of a choice.
#[must_use]
pub fn report(setting: &Setting, choice: &Choice) -> PathBuf {
    setting.reports.join(report_name(choice))
}

fn report_name(choice: &Choice) -> String {
    format!("{}.json", choice.name)
}

/// The arguments of `ginkgo` for a choice.
#[must_use]
pub fn arguments(setting: &Setting, choice: &Choice, skips: &BTreeMap<String, String>) -> Vec<String> {
    let mut all = vec![
        format!("--procs={}", setting.processes),
        "--no-color".to_owned(),
        "-v".to_owned(),
        "--timeout=4h".to_owned(),
        format!("--focus={}", choice.focus),
    ];
    let skipped = any_of(skips.keys().map(String::as_str));
    all.extend(skipped.map(|expression| format!("--skip={expression}")));
    all.push(format!("--output-dir={}", setting.reports.display()));
    all.push(format!("--json-report={}", report_name(choice)));
    all.push(setting.programs.join("e2e.test").display().to_string());
    all.push("--".to_owned());
    let path = |option: &str, path: &Path| format!("--{option}={}", path.display());
    all.push("--provider=skeleton".to_owned());
    all.push("--disable-log-dump".to_owned());
    all.push(path("kubeconfig", &setting.kubeconfig));
    all.push(path("kubectl-path", &setting.kubectl));
    all
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_as_they_are() {
        let choice = Choice::tests("again", ["[sig-node] a (b+c) [Conformance]", "d/e"]).unwrap();
        assert_eq!(choice.focus, r"\[sig-node\] a \(b\+c\) \[Conformance\]$|d/e$");
        assert_eq!(Choice::tests("again", []), None);
    }

    #[test]
    fn a_run_leaves_out_what_is_on_the_list() {
        let setting = Setting {
            programs: "/p".into(),
            kubeconfig: "/k".into(),
            kubectl: "/bin/kubectl".into(),
            reports: "/r".into(),
            processes: 4,
        };
        let choice = Choice::group("sig-node");
        let none = arguments(&setting, &choice, &BTreeMap::new());
        assert!(none.contains(&r"--focus=\[sig-node\].*\[Conformance\]".to_owned()));
        assert!(none.contains(&"--procs=4".to_owned()));
        assert!(!none.iter().any(|argument| argument.starts_with("--skip")));

        let skips = BTreeMap::from([("a.b [Conformance]".to_owned(), "why".to_owned())]);
        let some = arguments(&setting, &choice, &skips);
        assert!(some.contains(&r"--skip=a\.b \[Conformance\]$".to_owned()));
        // Ginkgo's own arguments come first, then the tests' program, then its arguments.
        let at = |wanted: &str| some.iter().position(|argument| argument == wanted).unwrap();
        assert!(at("/p/e2e.test") < at("--") && at("--") < at("--kubeconfig=/k"));
        assert_eq!(report(&setting, &choice), Path::new("/r/sig-node.json"));
    }
}
