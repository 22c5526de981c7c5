//! `sabactl crypts`

use crate::args::go_bool;
use crate::cli::{Connection, DryRun};
use crate::output;
use anyhow::bail;
use clap::Subcommand;
use sabakan_model::MachineState;

/// Manage disk encryption keys of machines.
#[derive(Debug, Subcommand)]
pub(crate) enum Crypts {
    /// Delete all encryption keys of a retiring machine; its disks cannot be read again
    Delete {
        /// Required, so that nobody does this by chance
        #[arg(
            long, default_value = "false", default_missing_value = "true", num_args = 0..=1, require_equals = true,
            hide_default_value = true, value_parser = go_bool, value_name = "BOOL"
        )]
        force: bool,
        #[command(flatten)]
        dry_run: DryRun,
        /// Serial of the machine
        serial: String,
    },
}

impl Crypts {
    pub(crate) async fn run(self, connection: &Connection) -> anyhow::Result<()> {
        let Self::Delete { force, dry_run, serial } = self;
        if dry_run.dry_run {
            return dry(connection, &serial).await;
        }
        if !force {
            bail!("use --force explicitly");
        }
        Ok(connection.tls_client()?.delete_crypts(&serial).await?)
    }
}

async fn dry(connection: &Connection, serial: &str) -> anyhow::Result<()> {
    let state = connection.client()?.state(serial).await?;
    let state = String::from_utf8_lossy(&state).into_owned();
    let text = if state == MachineState::Retiring.as_str() {
        format!("would delete all disk encryption keys of {serial}: its disks could not be read again")
    } else {
        format!("would be refused: {serial} is {state}, and keys are deleted of retiring machines only")
    };
    Ok(output::line(&text)?)
}
