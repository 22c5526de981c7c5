//! `ckecli reboot-queue`

use super::queue;
use crate::cli::{DryRun, Ignored};
use crate::connect::Connection;
use crate::{input, output, tabwriter};
use anyhow::{Context, bail};
use cke_model::RebootEntry;
use cke_model::reboot::RebootStatus;
use cke_storage::{Modified, Switch};
use clap::{Args, Subcommand, ValueEnum};
use gojson::GoTime;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

/// Manage the queue of reboots.
#[derive(Debug, Subcommand)]
pub(crate) enum RebootQueue {
    /// Work on the queue
    Enable(Ignored),
    /// Leave the queue alone
    Disable(Ignored),
    /// Show whether the queue is worked on: true or false
    IsEnabled(Ignored),
    /// Append the nodes in FILE
    ///
    /// The file holds IP addresses of nodes, separated by white space. Either all of them are appended or, if one is no node of
    /// the cluster, none.
    Add {
        #[command(flatten)]
        dry_run: DryRun,
        /// The addresses; - for standard input
        file: PathBuf,
    },
    List(List),
    /// Cancel an entry
    Cancel {
        /// Number of the entry
        index: i64,
    },
    /// Cancel all entries
    CancelAll {
        #[command(flatten)]
        dry_run: DryRun,
    },
    /// Forget how often drains were given up, so that they are tried again at once
    ResetBackoff(Ignored),
}

/// List the entries.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Output format; a table on a terminal and JSON elsewhere by default
    #[arg(short, long, value_name = "FORMAT")]
    output: Option<Format>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// JSON, as it is stored.
    Json,
    /// Columns with fixed names, for scripts.
    Simple,
    /// A table for people.
    Table,
}

impl RebootQueue {
    pub(crate) async fn run(self, connection: &Connection) -> anyhow::Result<()> {
        match self {
            Self::Enable(_) => queue::enable(connection, Switch::RebootQueue, true).await,
            Self::Disable(_) => queue::enable(connection, Switch::RebootQueue, false).await,
            Self::IsEnabled(_) => queue::is_enabled(connection, Switch::RebootQueue).await,
            Self::Add { dry_run, file } => add(connection, &file, dry_run).await,
            Self::List(list) => list.run(connection).await,
            Self::Cancel { index } => cancel_one(connection, index).await,
            Self::CancelAll { dry_run } => cancel_all(connection, dry_run).await,
            Self::ResetBackoff(_) => reset_backoff(connection).await,
        }
    }
}

async fn add(connection: &Connection, file: &Path, dry_run: DryRun) -> anyhow::Result<()> {
    let text = input::text(file)?;
    let storage = connection.storage().await?;
    let cluster = storage.require_cluster().await?;
    let entries: Vec<_> = text.split_whitespace().map(RebootEntry::new).collect();
    if let Some(entry) = entries.iter().find(|entry| !entry.is_member(&cluster)) {
        bail!(
            "{}: {} is not a valid node IP address; nothing was queued",
            file.display(),
            entry.node
        );
    }
    if !dry_run.dry_run {
        storage.reboots().add(&entries).await?;
        return Ok(());
    }
    for entry in entries {
        output::line(&format!("would queue {}", entry.node))?;
    }
    Ok(())
}

fn cancel(entry: &mut RebootEntry) -> bool {
    let changes = entry.status != RebootStatus::Cancelled;
    entry.status = RebootStatus::Cancelled;
    changes
}

async fn cancel_one(connection: &Connection, index: i64) -> anyhow::Result<()> {
    match connection.storage().await?.reboots().modify(index, cancel).await? {
        Modified::Gone => bail!("there is no entry {index} in the reboot queue"),
        Modified::Written(_) | Modified::Unchanged(_) => Ok(()),
    }
}

async fn cancel_all(connection: &Connection, dry_run: DryRun) -> anyhow::Result<()> {
    let storage = connection.storage().await?;
    if !dry_run.dry_run {
        queue::change_all(&storage.reboots(), cancel).await?;
        return Ok(());
    }
    let entries = queue::readable(storage.reboots().list().await?);
    for entry in entries.iter().filter(|entry| entry.status != RebootStatus::Cancelled) {
        output::line(&format!(
            "would cancel {} ({}, {})",
            entry.index, entry.node, entry.status
        ))?;
    }
    Ok(())
}

async fn reset_backoff(connection: &Connection) -> anyhow::Result<()> {
    let reset = |entry: &mut RebootEntry| {
        let changes = entry.drain_backoff_count != 0 || !entry.drain_backoff_expire.is_zero();
        entry.drain_backoff_count = 0;
        entry.drain_backoff_expire = GoTime::ZERO;
        changes
    };
    queue::change_all(&connection.storage().await?.reboots(), reset).await?;
    Ok(())
}

impl List {
    async fn run(self, connection: &Connection) -> anyhow::Result<()> {
        let entries = queue::readable(
            connection
                .storage()
                .await?
                .reboots()
                .list()
                .await
                .context("cannot list the queue")?,
        );
        let by_default = if std::io::stdout().is_terminal() {
            Format::Table
        } else {
            Format::Json
        };
        match self.output.unwrap_or(by_default) {
            Format::Json => queue::json(&entries),
            Format::Simple => Ok(output::emit(simple(&entries).as_bytes())?),
            Format::Table => Ok(table(&entries)?),
        }
    }
}

fn simple(entries: &[RebootEntry]) -> String {
    let header = [
        "Index",
        "Node",
        "Status",
        "LastTransitionTime",
        "DrainBackOffCount",
        "DrainBackOffExpire",
    ];
    // As Go's time.RFC3339: whole seconds and the offset.
    let time = |time: GoTime| {
        let zone = if time.offset_minutes() == 0 {
            "Z".to_owned()
        } else {
            time.to_string()[time.to_string().len() - 6..].to_owned()
        };
        format!("{}{zone}", time.strftime("%Y-%m-%dT%H:%M:%S"))
    };
    let row = |entry: &RebootEntry| {
        vec![
            entry.index.to_string(),
            entry.node.clone(),
            entry.status.to_string(),
            time(entry.last_transition_time),
            entry.drain_backoff_count.to_string(),
            time(entry.drain_backoff_expire),
            // The empty cell at the end makes the last column one with a fixed width.
            String::new(),
        ]
    };
    let header = header.map(str::to_owned).to_vec();
    let lines: Vec<_> = std::iter::once(header).chain(entries.iter().map(row)).collect();
    tabwriter::columns(&lines)
}

fn table(entries: &[RebootEntry]) -> std::io::Result<()> {
    let row = |entry: &RebootEntry| {
        vec![
            entry.index.to_string(),
            entry.node.clone(),
            entry.status.to_string(),
            queue::time(entry.last_transition_time),
            entry.drain_backoff_count.to_string(),
            queue::time(entry.drain_backoff_expire),
        ]
    };
    let header = ["INDEX", "NODE", "STATUS", "SINCE", "DRAINS GIVEN UP", "NEXT DRAIN"];
    output::table(&header, entries.iter().map(row).collect())
}
