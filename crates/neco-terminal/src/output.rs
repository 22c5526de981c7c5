//! What goes to standard output: JSON for programs, tables for people.

use clap::ValueEnum;
use comfy_table::{ContentArrangement, Table, presets};
use gojson::{to_go_json_pretty, to_go_string};
use serde::Serialize;
use std::io::{self, IsTerminal, Write};

/// How a list is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// JSON, for programs.
    Json,
    /// A table, for people.
    Table,
}

/// `-o`; without it a terminal gets a table and anything else JSON.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct Output {
    /// Output format; a table on a terminal and JSON elsewhere by default
    #[arg(short, long, value_name = "FORMAT")]
    pub output: Option<Format>,
}

impl Output {
    /// True when people look at it.
    #[must_use]
    pub fn wants_table(self) -> bool {
        match self.output {
            Some(format) => format == Format::Table,
            None => io::stdout().is_terminal(),
        }
    }
}

/// Writes bytes to standard output.
///
/// # Errors
/// When it cannot be written.
pub fn emit(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}

/// Writes a line.
///
/// # Errors
/// When it cannot be written.
pub fn line(text: &str) -> io::Result<()> {
    emit(format!("{text}\n").as_bytes())
}

/// Writes a value as JSON on one line.
///
/// # Errors
/// When it cannot be written.
pub fn json_line<T: Serialize + ?Sized>(value: &T) -> anyhow::Result<()> {
    Ok(line(&to_go_string(value)?)?)
}

/// Writes a value as JSON with two spaces a level.
///
/// # Errors
/// When it cannot be written.
pub fn json_2<T: Serialize + ?Sized>(value: &T) -> anyhow::Result<()> {
    Ok(line(&to_go_json_pretty(value)?)?)
}

/// Writes a value as JSON with four spaces a level.
///
/// # Errors
/// When it cannot be written.
pub fn json_4<T: Serialize + ?Sized>(value: &T) -> anyhow::Result<()> {
    // No line begins within a text: a break in a text is written as \n.
    let deeper = |line: &str| {
        format!(
            "{:indent$}{}",
            "",
            line.trim_start(),
            indent = 2 * (line.len() - line.trim_start().len())
        )
    };
    let lines: Vec<_> = to_go_json_pretty(value)?.lines().map(deeper).collect();
    Ok(line(&lines.join("\n"))?)
}

/// Columns of a terminal below which folding cells makes a table unreadable.
const NARROWEST: u16 = 60;

/// Writes a table without borders; on a terminal it fits its width.
///
/// # Errors
/// When it cannot be written.
pub fn table(header: &[&str], rows: Vec<Vec<String>>) -> io::Result<()> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    if io::stdout().is_terminal() && table.width().is_some_and(|width| width >= NARROWEST) {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    table.set_header(header.iter().copied());
    table.add_rows(rows);
    let text: Vec<_> = table
        .lines()
        .map(|l| l.trim_end().trim_start_matches(' ').to_owned())
        .collect();
    line(&text.join("\n"))
}
