//! The page that says what the tests gave.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::report::{Verdict, group};
use crate::results::{Results, Run, Tested};

/// A test as the page tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told<'a> {
    Passed,
    Failed(&'a str),
    Left(&'a str),
    Waiting,
}

/// What is written in front of the results.
const HEAD: &str = "\
# Kubernetes' conformance tests

Written by `make conformance`, which builds Kubernetes' own tests (`test/e2e`) and the images that they run in pods from what package registries
give, brings a cluster up with `cke` on the lab's nodes, and runs every test that Kubernetes marks `[Conformance]`, but for those of
`dctest/conformance/src/skips.txt`: these want something that this lab has not, and each says what. A test that fails stays here as failed.
";

/// Renders the page.
#[must_use]
pub fn render(results: &Results, skips: &BTreeMap<String, String>, images: &[(&str, &str)]) -> String {
    let tests: Vec<(&str, Told<'_>)> = results
        .tests
        .iter()
        .map(|(name, tested)| (name.as_str(), told(skips.get(name), tested)))
        .collect();
    let mut page = HEAD.to_owned();
    about(&mut page, results);
    counts(&mut page, &tests);
    reasons(&mut page, "Failed", &tests, |told| match told {
        Told::Failed(why) => Some(why),
        _ => None,
    });
    reasons(&mut page, "Not run", &tests, |told| match told {
        Told::Left(why) => Some(why),
        Told::Waiting => Some("not reached yet"),
        _ => None,
    });
    passed(&mut page, &tests);
    stand_ins(&mut page, images);
    runs(&mut page, &results.runs);
    page
}

/// A test on the list that was run all the same is told as it ended.
fn told<'a>(skip: Option<&'a String>, tested: &'a Tested) -> Told<'a> {
    match (&tested.verdict, skip) {
        (Verdict::Passed, _) => Told::Passed,
        (_, Some(why)) | (Verdict::Skipped(why), None) => Told::Left(why),
        (Verdict::Failed(why), None) => Told::Failed(why),
        (Verdict::NotRun, None) => Told::Waiting,
    }
}

fn about(page: &mut String, results: &Results) {
    page.push_str("\n| | |\n|---|---|\n");
    for (name, value) in &results.about {
        line(page, format_args!("| {name} | {value} |"));
    }
}

fn counts(page: &mut String, tests: &[(&str, Told<'_>)]) {
    let mut groups: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    for (name, told) in tests {
        let counts = groups.entry(group(name)).or_default();
        match told {
            Told::Passed => counts[0] += 1,
            Told::Failed(_) => counts[1] += 1,
            Told::Left(_) | Told::Waiting => counts[2] += 1,
        }
    }
    page.push_str("\n## Results\n\n| group | tests | passed | failed | not run |\n|---|---:|---:|---:|---:|\n");
    let mut all = [0; 3];
    for (name, counts) in groups {
        row(page, name, counts);
        for (sum, count) in all.iter_mut().zip(counts) {
            *sum += count;
        }
    }
    row(page, "all", all);
}

fn row(page: &mut String, name: &str, [passed, failed, left]: [usize; 3]) {
    let all = passed + failed + left;
    line(page, format_args!("| {name} | {all} | {passed} | {failed} | {left} |"));
}

/// Tests by reason, so that a reason of many stands there once.
fn reasons<'a>(
    page: &mut String,
    title: &str,
    tests: &[(&'a str, Told<'a>)],
    why: impl Fn(Told<'a>) -> Option<&'a str>,
) {
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, told) in tests {
        if let Some(why) = why(*told) {
            reasons.entry(why).or_default().push(name);
        }
    }
    line(page, format_args!("\n## {title}\n"));
    if reasons.is_empty() {
        page.push_str("None.\n");
    }
    for (index, (reason, names)) in reasons.into_iter().enumerate() {
        let gap = if index == 0 { "" } else { "\n" };
        line(page, format_args!("{gap}{}:\n", plain(reason)));
        list(page, names);
    }
}

fn passed(page: &mut String, tests: &[(&str, Told<'_>)]) {
    let passed = tests.iter().filter(|(_, told)| *told == Told::Passed);
    page.push_str("\n## Passed\n\n");
    list(page, passed.map(|(name, _)| *name));
}

fn list<'a>(page: &mut String, names: impl IntoIterator<Item = &'a str>) {
    for name in names {
        line(page, format_args!("- `{name}`"));
    }
}

fn stand_ins(page: &mut String, images: &[(&str, &str)]) {
    page.push_str("\n## Images\n\nMade without a registry; the tests' names, and what stands under them:\n\n| image | made of |\n|---|---|\n");
    for (name, made_of) in images {
        line(page, format_args!("| `{name}` | {made_of} |"));
    }
}

fn runs(page: &mut String, runs: &[Run]) {
    page.push_str("\n## Runs\n\nThe latest verdict of a test is what counts.\n\n");
    page.push_str("| began (UTC) | tests of | ran | failed | at a time | took |\n|---|---|---:|---:|---:|---:|\n");
    for run in runs {
        let minutes = run.seconds / 60;
        let seconds = run.seconds % 60;
        line(
            page,
            format_args!(
                "| {} | {} | {} | {} | {} | {minutes} min {seconds} s |",
                run.began, run.choice, run.tests, run.failed, run.processes
            ),
        );
    }
}

/// A message in a line of its own, in which no character means anything.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if "\\`*_<>[]#|".contains(character) {
            out.push('\\');
        }
        out.push(character);
    }
    out
}

fn line(page: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _ = writeln!(page, "{text}");
}

#[cfg(test)]
mod tests;
