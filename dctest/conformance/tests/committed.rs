//! The committed page holds together: every test is on it once, as the counts say, and the list of what is not run is on it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use neco_conformance::{report, skips};

/// The tests below each heading, and the row of sums.
struct Page {
    sections: BTreeMap<String, Vec<String>>,
    sums: Vec<usize>,
}

fn read() -> Page {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/conformance.md");
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let mut page = Page {
        sections: BTreeMap::new(),
        sums: Vec::new(),
    };
    let mut heading = "";
    for line in text.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            heading = title;
        } else if let Some(row) = line.strip_prefix("| all | ") {
            page.sums = row
                .trim_end_matches(" |")
                .split(" | ")
                .map(|n| n.parse().unwrap())
                .collect();
        } else if let Some(name) = line.strip_prefix("- `") {
            let tests = page.sections.entry(heading.to_owned()).or_default();
            tests.push(name.trim_end_matches('`').to_owned());
        }
    }
    page
}

#[test]
fn every_conformance_test_is_told_once() {
    let page = read();
    let count = |heading: &str| page.sections.get(heading).map_or(0, Vec::len);
    let counts = ["Passed", "Failed", "Not run"].map(count);
    assert_eq!(page.sums, [&[counts.iter().sum()], &counts[..]].concat());
    let all: Vec<&String> = page.sections.values().flatten().collect();
    let different: BTreeSet<&&String> = all.iter().collect();
    assert_eq!(different.len(), all.len(), "a test is told twice");
    assert!(all.iter().all(|name| report::is_conformance(name)));
    assert!(
        all.len() > 400,
        "Kubernetes 1.35 has more than {} conformance tests",
        all.len()
    );
}

#[test]
fn what_is_not_run_is_what_the_list_says() {
    let page = read();
    let told: BTreeSet<&String> = page.sections.get("Not run").into_iter().flatten().collect();
    let listed = skips::parse(skips::OURS).unwrap();
    for name in listed.keys() {
        assert!(
            told.contains(name),
            "{name} is on the list, and not on the page as not run"
        );
    }
}
