//! What goes to standard output: JSON for programs, tables for people.

use clap::ValueEnum;
use comfy_table::{ContentArrangement, Table, presets};
use sabakan_model::json::to_go_json_pretty;
use serde::Serialize;
use std::io::{self, IsTerminal, Write};

/// How a list is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// JSON, as the API has it.
    Json,
    /// A table.
    Table,
}

/// `-o`; without it a terminal gets a table and anything else JSON.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Output {
    /// Output format; a table on a terminal and JSON elsewhere by default
    #[arg(short, long, value_name = "FORMAT")]
    pub(crate) output: Option<Format>,
}

impl Output {
    /// True when people look at it.
    pub(crate) fn wants_table(self) -> bool {
        match self.output {
            Some(format) => format == Format::Table,
            None => io::stdout().is_terminal(),
        }
    }
}

/// Writes bytes to standard output.
pub(crate) fn emit(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}

/// Writes a line.
pub(crate) fn line(text: &str) -> io::Result<()> {
    emit(format!("{text}\n").as_bytes())
}

/// Writes a value as JSON over several lines.
pub(crate) fn json<T: Serialize + ?Sized>(value: &T) -> anyhow::Result<()> {
    Ok(line(&to_go_json_pretty(value)?)?)
}

/// Columns of a terminal below which folding cells makes a table unreadable.
const NARROWEST: u16 = 60;

/// Writes a table without borders; on a terminal it fits its width.
pub(crate) fn table(header: &[&str], rows: Vec<Vec<String>>) -> io::Result<()> {
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

/// A length of time in its two largest units.
pub(crate) fn span(seconds: f64) -> String {
    let (second, sign) = (seconds.abs(), if seconds < 0.0 { "-" } else { "" });
    let units = [
        (86_400.0, "d", 3_600.0, "h"),
        (3_600.0, "h", 60.0, "m"),
        (60.0, "m", 1.0, "s"),
    ];
    match units.into_iter().find(|(size, ..)| second >= *size) {
        None => format!("{sign}{second:.1}s"),
        Some((size, name, below, below_name)) => {
            let rest = (second % size / below).floor();
            format!("{sign}{:.0}{name}{rest:.0}{below_name}", (second / size).floor())
        }
    }
}

/// Bytes in a unit that people read.
pub(crate) fn size(bytes: i64) -> String {
    u64::try_from(bytes).map_or_else(|_| bytes.to_string(), |bytes| indicatif::HumanBytes(bytes).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans() {
        let cases = [
            (0.25, "0.2s"),
            (59.94, "59.9s"),
            (61.0, "1m1s"),
            (3_700.0, "1h1m"),
            (200_000.0, "2d7h"),
            (-90.0, "-1m30s"),
        ];
        for (seconds, want) in cases {
            assert_eq!(span(seconds), want);
        }
    }
}
