//! `ckecli auto-repair`

use super::{queue, sabakan};
use crate::cli::Ignored;
use crate::connect::Connection;
use cke_storage::{Switch, Variables};
use clap::Subcommand;
use std::path::PathBuf;

/// Manage automatic repairs.
#[derive(Debug, Subcommand)]
pub(crate) enum AutoRepair {
    /// Queue repairs for sabakan's non-healthy machines
    Enable(Ignored),
    /// Queue no repairs
    Disable(Ignored),
    /// Show whether repairs are queued: true or false
    IsEnabled(Ignored),
    /// Set the variables of the query for non-healthy machines; see `ckecli sabakan set-variables --help`
    SetVariables {
        /// The variables; - for standard input
        file: PathBuf,
    },
    /// Show the variables of the query for non-healthy machines
    GetVariables(Ignored),
}

impl AutoRepair {
    pub(crate) async fn run(self, connection: &Connection) -> anyhow::Result<()> {
        match self {
            Self::Enable(_) => queue::enable(connection, Switch::AutoRepair, true).await,
            Self::Disable(_) => queue::enable(connection, Switch::AutoRepair, false).await,
            Self::IsEnabled(_) => queue::is_enabled(connection, Switch::AutoRepair).await,
            Self::SetVariables { file } => sabakan::set_variables(connection, Variables::AutoRepair, &file).await,
            Self::GetVariables(_) => sabakan::get_variables(connection, Variables::AutoRepair).await,
        }
    }
}
