//! Figures of clusters on real nodes: part of `make bench`.
//!
//! One measurement is one fleet: the programs given build a cluster on it, and what is asked for is noted on the way.

pub mod bring_up;
pub mod dns;
pub mod loops;

use std::time::Duration;

/// One line of the table.
#[derive(Debug, Clone)]
pub struct Row {
    /// What was measured.
    pub what: &'static str,
    /// What it should reach.
    pub reach: &'static str,
    /// What each of the programs had, in their order.
    pub figures: Vec<String>,
}

/// The rows as a table in Markdown, below the names of the programs.
#[must_use]
pub fn table(names: &[&str], rows: &[Row]) -> String {
    let line = |cells: &[&str]| format!("| {} |\n", cells.join(" | "));
    let mut head = vec!["what", "reach"];
    head.extend(names);
    let mut table = line(&head);
    table += &format!("|{}\n", "---|".repeat(head.len()));
    for row in rows {
        let mut cells = vec![row.what, row.reach];
        cells.extend(row.figures.iter().map(String::as_str));
        table += &line(&cells);
    }
    table
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}
