//! `ckecli history`

use crate::cli::go_bool;
use crate::connect::Connection;
use crate::exit::warn;
use crate::output::{self, Output};
use cke_model::Record;
use cke_storage::Storage;
use clap::Args;

/// Records that `--follow` begins with.
const INITIAL: i64 = 20;

/// Show the history of operations.
#[derive(Debug, Args)]
pub(crate) struct History {
    /// Show only the newest COUNT operations; 0 for all
    #[arg(short = 'n', long, default_value_t = 0, value_parser = clap::value_parser!(i64).range(0..))]
    count: i64,
    /// Show the oldest first, and each operation as it comes
    #[arg(
        short, long, default_value = "false", default_missing_value = "true", num_args = 0..=1, require_equals = true,
        hide_default_value = true, hide_possible_values = true, value_parser = go_bool, value_name = "BOOL"
    )]
    follow: bool,
    #[command(flatten)]
    output: Output,
}

impl History {
    pub(crate) async fn run(self, connection: &Connection) -> anyhow::Result<()> {
        let storage = connection.storage().await?;
        if self.follow {
            return self.follow(&storage).await;
        }
        let newest = storage.records().newest(self.count).await?;
        for unreadable in &newest.unreadable {
            warn(&format!("{} cannot be read: {}", unreadable.key, unreadable.reason));
        }
        if self.output.wants_table() {
            let rows = newest.entries.iter().map(row).collect();
            return Ok(output::table(&HEADER, rows)?);
        }
        newest.entries.iter().try_for_each(output::json_4)
    }

    async fn follow(&self, storage: &Storage) -> anyhow::Result<()> {
        let initial = if self.count == 0 { INITIAL } else { self.count };
        let mut watch = storage.records().watch(initial).await?;
        loop {
            let record = watch.next().await?;
            if self.output.wants_table() {
                output::line(&row(&record).join("  "))?;
            } else {
                output::json_4(&record)?;
            }
        }
    }
}

const HEADER: [&str; 8] = ["ID", "STATUS", "OPERATION", "STEP", "TARGETS", "START", "TOOK", "ERROR"];

/// Targets that are shown by name.
const TARGETS: usize = 3;

fn row(record: &Record) -> Vec<String> {
    let targets = record.targets.as_deref().unwrap_or_default();
    let mut shown = targets.iter().take(TARGETS).cloned().collect::<Vec<_>>().join(",");
    if targets.len() > TARGETS {
        shown.push_str(&format!(" and {} more", targets.len() - TARGETS));
    }
    let took = if record.end_at.is_zero() {
        "-".to_owned()
    } else {
        format!("{:.1}s", record.start_at.seconds_until(record.end_at.instant()))
    };
    vec![
        record.id.to_string(),
        record.status.to_string(),
        record.operation.clone(),
        record.command.name.clone(),
        shown,
        record.start_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        took,
        record.error.lines().next().unwrap_or_default().to_owned(),
    ]
}
