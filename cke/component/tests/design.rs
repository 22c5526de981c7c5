//! The picture of phases and the table of operations in `docs/cke/design.md` are made from the catalog.
//!
//! `UPDATE_GOLDEN=1` writes them anew.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use cke_component::catalog::{Entry, OPERATIONS};
use cke_model::Phase;
use std::fmt::Write as _;

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/cke/design.md");
const WIDTH: usize = 96;

/// Phases in the order in which they are asked, with their operations.
fn phases() -> Vec<(Phase, Vec<&'static Entry>)> {
    let mut phases: Vec<(Phase, Vec<&Entry>)> = Vec::new();
    for entry in OPERATIONS {
        match phases.last_mut() {
            Some((phase, entries)) if *phase == entry.phase => entries.push(entry),
            _ => phases.push((entry.phase, vec![entry])),
        }
    }
    phases
}

/// Why a phase may end the decision with nothing to do.
fn aborted(phase: Phase) -> Option<Phase> {
    match phase {
        Phase::Upgrade => Some(Phase::UpgradeAborted),
        Phase::EtcdBoot => Some(Phase::EtcdBootAborted),
        _ => None,
    }
}

fn wrapped(names: &[&str]) -> Vec<String> {
    let mut lines = vec![String::new()];
    for name in names {
        let last = lines.last_mut().unwrap();
        let separator = if last.is_empty() { "" } else { "  " };
        if last.len() + separator.len() + name.len() > WIDTH - 28 {
            lines.push((*name).to_owned());
        } else {
            last.push_str(separator);
            last.push_str(name);
        }
    }
    lines
}

fn picture() -> String {
    let mut text = String::from("```\n  a look at the cluster\n          |\n");
    for (phase, entries) in phases() {
        let names: Vec<_> = entries.iter().map(|entry| entry.name).collect();
        let mut lines = wrapped(&names);
        if let Some(aborted) = aborted(phase) {
            lines.push(format!("({aborted} while a control plane cannot be reached)"));
        }
        let box_line = format!("+{}+", "-".repeat(20));
        writeln!(text, "{box_line}").unwrap();
        for (index, line) in lines.iter().enumerate() {
            if index == 0 {
                writeln!(text, "| {:<18} |--> {line}", phase.as_str()).unwrap();
            } else {
                writeln!(text, "|{:20}|    {line}", "").unwrap();
            }
        }
        writeln!(text, "{box_line}\n          | nothing to do").unwrap();
    }
    writeln!(text, "      {}\n```", Phase::Completed).unwrap();
    text
}

fn table() -> String {
    let mut text = String::from("| phase | operation | steps | what for |\n|---|---|---|---|\n");
    for Entry {
        phase,
        name,
        steps,
        purpose,
    } in OPERATIONS
    {
        writeln!(text, "| {phase} | `{name}` | {} | {purpose} |", steps.join(", ")).unwrap();
    }
    text
}

/// The document with what stands between two markers replaced.
fn with_section(document: &str, name: &str, content: &str) -> String {
    let (begin, end) = (format!("<!-- begin {name} -->\n"), format!("<!-- end {name} -->"));
    let (before, rest) = document
        .split_once(&begin)
        .unwrap_or_else(|| panic!("no marker {begin}"));
    let (_, after) = rest.split_once(&end).unwrap_or_else(|| panic!("no marker {end}"));
    format!("{before}{begin}{content}{end}{after}")
}

#[test]
fn the_document_shows_the_catalog() {
    let document = std::fs::read_to_string(DOCUMENT).unwrap();
    let made = with_section(&document, "phases", &picture());
    let made = with_section(&made, "operations", &table());
    testkit::golden::compare(std::path::Path::new(DOCUMENT), &made);
}
