//! `ckecli repair-queue`

mod wait;

use super::queue;
use crate::cli::{DryRun, Ignored};
use crate::connect::Connection;
use crate::output::{self, Output};
use anyhow::{Context, bail};
use cke_model::RepairEntry;
use cke_storage::{Modified, Switch};
use clap::{Args, Subcommand};
use gojson::GoTime;

/// Manage the queue of repairs.
#[derive(Debug, Subcommand)]
pub(crate) enum RepairQueue {
    /// Work on the queue
    Enable(Ignored),
    /// Leave the queue alone
    Disable(Ignored),
    /// Show whether the queue is worked on: true or false
    IsEnabled(Ignored),
    Add(Add),
    /// List the entries
    List(Output),
    /// Delete an entry: one that has finished is cleared up, another one is cancelled
    Delete {
        /// Number of the entry
        index: i64,
    },
    /// Delete all entries that have succeeded or failed, and print their numbers
    DeleteFinished(DryRun),
    /// Delete all entries that have neither succeeded nor failed, and print their numbers
    DeleteUnfinished(DryRun),
    /// Forget how often drains were given up, so that they are tried again at once
    ResetBackoff(Ignored),
    Wait(wait::Wait),
}

/// Append a request.
#[derive(Debug, Args)]
pub(crate) struct Add {
    /// Name of the repair, one of the procedure for the type
    operation: String,
    /// Type of the machine
    machine_type: String,
    /// IP address of the machine
    address: String,
    /// Serial of the machine
    #[arg(default_value = "", hide_default_value = true)]
    serial: String,
}

impl RepairQueue {
    pub(crate) async fn run(self, connection: &Connection) -> anyhow::Result<()> {
        match self {
            Self::Enable(_) => queue::enable(connection, Switch::RepairQueue, true).await,
            Self::Disable(_) => queue::enable(connection, Switch::RepairQueue, false).await,
            Self::IsEnabled(_) => queue::is_enabled(connection, Switch::RepairQueue).await,
            Self::Add(add) => add.run(connection).await,
            Self::List(output) => list(connection, output).await,
            Self::Delete { index } => delete_one(connection, index).await,
            Self::DeleteFinished(dry_run) => delete_all(connection, true, dry_run).await,
            Self::DeleteUnfinished(dry_run) => delete_all(connection, false, dry_run).await,
            Self::ResetBackoff(_) => reset_backoff(connection).await,
            Self::Wait(wait) => wait.run(connection).await,
        }
    }
}

impl Add {
    async fn run(self, connection: &Connection) -> anyhow::Result<()> {
        if self.address.parse::<std::net::IpAddr>().is_err() {
            bail!("{:?} is not an IP address", self.address);
        }
        let storage = connection.storage().await?;
        let entry = RepairEntry::new(&self.operation, &self.machine_type, &self.address, &self.serial);
        let found = entry.repair_operation(&storage.require_cluster().await?).map(drop);
        found.with_context(|| format!("cannot repair {} of type {}", self.operation, self.machine_type))?;
        storage.repairs().add(&[entry]).await?;
        Ok(())
    }
}

async fn list(connection: &Connection, output: Output) -> anyhow::Result<()> {
    let entries = queue::readable(connection.storage().await?.repairs().list().await?);
    if !output.wants_table() {
        return queue::json(&entries);
    }
    let row = |entry: &RepairEntry| {
        vec![
            entry.index.to_string(),
            entry.address.clone(),
            entry.nodename.clone(),
            entry.machine_type.clone(),
            entry.operation.clone(),
            entry.status.to_string(),
            format!("{} {}", entry.step, entry.step_status),
            queue::time(entry.last_transition_time),
            if entry.deleted {
                "deleted".to_owned()
            } else {
                String::new()
            },
        ]
    };
    let header = [
        "INDEX",
        "ADDRESS",
        "NODE",
        "TYPE",
        "OPERATION",
        "STATUS",
        "STEP",
        "SINCE",
        "",
    ];
    Ok(output::table(&header, entries.iter().map(row).collect())?)
}

fn delete(entry: &mut RepairEntry) -> bool {
    !std::mem::replace(&mut entry.deleted, true)
}

async fn delete_one(connection: &Connection, index: i64) -> anyhow::Result<()> {
    match connection.storage().await?.repairs().modify(index, delete).await? {
        Modified::Gone => bail!("there is no entry {index} in the repair queue"),
        Modified::Written(_) | Modified::Unchanged(_) => Ok(()),
    }
}

async fn delete_all(connection: &Connection, finished: bool, dry_run: DryRun) -> anyhow::Result<()> {
    let storage = connection.storage().await?;
    if dry_run.dry_run {
        let entries = queue::readable(storage.repairs().list().await?);
        for entry in entries.iter().filter(|e| !e.deleted && e.has_finished() == finished) {
            output::line(&format!(
                "would delete {} ({}, {})",
                entry.index, entry.address, entry.status
            ))?;
        }
        return Ok(());
    }
    let change = |entry: &mut RepairEntry| entry.has_finished() == finished && delete(entry);
    for entry in queue::change_all(&storage.repairs(), change).await? {
        output::line(&entry.index.to_string())?;
    }
    Ok(())
}

async fn reset_backoff(connection: &Connection) -> anyhow::Result<()> {
    let reset = |entry: &mut RepairEntry| {
        let changes = entry.drain_backoff_count != 0 || !entry.drain_backoff_expire.is_zero();
        entry.drain_backoff_count = 0;
        entry.drain_backoff_expire = GoTime::ZERO;
        changes
    };
    queue::change_all(&connection.storage().await?.repairs(), reset).await?;
    Ok(())
}
