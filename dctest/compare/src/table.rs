//! The rows of a report, as a table for people and as Markdown to keep.

use comfy_table::{Table, presets};

/// One figure beside what it should reach and what peers reach in the same run.
#[derive(Debug, Clone)]
pub struct Row {
    /// What was measured.
    pub what: String,
    /// What it should reach.
    pub reach: &'static str,
    /// What it was, with its unit.
    pub ours: String,
    /// What the peer had in the same run; empty where no peer was given.
    pub peer: String,
}

/// The rows as a table on a terminal, or with Markdown's bars.
#[must_use]
pub fn render(rows: &[Row], markdown: bool) -> String {
    let mut table = Table::new();
    table.load_style(if markdown {
        presets::ASCII_MARKDOWN
    } else {
        presets::UTF8_FULL_CONDENSED
    });
    table.set_header(["what", "reach", "ours", "peer"]);
    for row in rows {
        table.add_row([row.what.as_str(), row.reach, &row.ours, &row.peer]);
    }
    table.to_string()
}
