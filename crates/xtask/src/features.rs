//! `docs/features.md` names a test for each feature; this check holds it to that.
//!
//! A row is `| S1 | what it is | path/of/test.rs::name, ... |`. The file must exist and hold a test of that name that is
//! not ignored; every id that is promised must have a row.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, bail};

use crate::run::root;

const TABLE: &str = "docs/features.md";

/// The rows that this version of the project has.
fn promised() -> impl Iterator<Item = String> {
    let sabakan = (1..=50).map(|n| format!("S{n}"));
    let cke = (1..=44).map(|n| format!("C{n}"));
    let beyond = [1, 2, 12, 15, 16].map(|n| format!("X{n}"));
    sabakan.chain(cke).chain(beyond)
}

/// Fails with every row that is missing or names no test.
pub(crate) fn check() -> anyhow::Result<()> {
    println!("==> {TABLE}");
    let text = fs::read_to_string(root().join(TABLE)).with_context(|| format!("cannot read {TABLE}"))?;
    let rows = rows(&text);
    let seen: BTreeSet<_> = rows.iter().map(|row| row.0).collect();
    let mut faults: Vec<_> = promised()
        .filter(|id| !seen.contains(id.as_str()))
        .map(|id| format!("{id} has no row"))
        .collect();
    for (id, tests) in &rows {
        faults.extend(
            tests
                .iter()
                .filter_map(|test| fault(test))
                .map(|fault| format!("{id}: {fault}")),
        );
        if tests.is_empty() {
            faults.push(format!("{id} names no test"));
        }
    }
    if !faults.is_empty() {
        bail!("{TABLE}:\n  {}", faults.join("\n  "));
    }
    Ok(())
}

/// Ids and tests of the table's rows; other lines of the page are passed over.
fn rows(text: &str) -> Vec<(&str, Vec<&str>)> {
    text.lines().filter_map(row).collect()
}

fn row(line: &str) -> Option<(&str, Vec<&str>)> {
    let cells: Vec<_> = line.strip_prefix('|')?.split('|').map(str::trim).collect();
    let [id, _, tests, ..] = cells.as_slice() else {
        return None;
    };
    let number = id.strip_prefix(['S', 'C', 'N', 'X'])?;
    number.parse::<u32>().ok()?;
    Some((
        id,
        tests
            .split(',')
            .map(|t| t.trim().trim_matches('`'))
            .filter(|t| !t.is_empty())
            .collect(),
    ))
}

fn fault(test: &str) -> Option<String> {
    let Some((path, name)) = test.split_once("::") else {
        return Some(format!("{test} is not path::name"));
    };
    let Ok(text) = fs::read_to_string(root().join(path)) else {
        return Some(format!("{path} cannot be read"));
    };
    let function = name.rsplit("::").next().unwrap_or(name);
    let lines: Vec<_> = text.lines().collect();
    let Some(at) = lines.iter().position(|l| l.contains(&format!("fn {function}("))) else {
        return Some(format!("{path} has no test {function}"));
    };
    let attributes = lines[..at]
        .iter()
        .rev()
        .take_while(|l| l.trim_start().starts_with(['#', '/']));
    let ignored = attributes.clone().any(|l| l.contains("#[ignore"));
    let is_test = attributes.clone().any(|l| l.contains("test"));
    (ignored || !is_test).then(|| format!("{path}: {function} is not a test that runs"))
}

#[cfg(test)]
mod tests {
    use super::row;

    #[test]
    fn reads_a_row_with_two_tests() {
        let line = "| S18 | DHCP | `a/b.rs::one`, a/c.rs::two |";
        assert_eq!(row(line), Some(("S18", vec!["a/b.rs::one", "a/c.rs::two"])));
        assert_eq!(row("| id | feature | test |"), None);
    }
}
