//! `ckecli constraints`

use crate::cli::Ignored;
use crate::connect::Connection;
use crate::output;
use anyhow::Context;
use cke_model::Constraints;
use clap::{Subcommand, ValueEnum};

/// Manage constraints.
#[derive(Debug, Subcommand)]
pub(crate) enum ConstraintsCommand {
    /// Set a constraint
    Set {
        /// Which one
        name: Name,
        /// An integer
        #[arg(value_parser = clap::value_parser!(i64).range(0..))]
        value: i64,
    },
    /// Show the stored constraints
    Show(Ignored),
}

/// Names of constraints, as they are stored.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Name {
    /// How many control planes there must be
    ControlPlaneCount,
    /// Percentage of machines that must be workers
    MinimumWorkersRate,
    /// No reboot starts while more nodes than this are unreachable
    MaximumUnreachableNodesForReboot,
    /// No automatic repair is queued while more entries than this are
    MaximumRepairQueueEntries,
    /// Seconds after a planned reboot in which a machine is not repaired
    WaitSecondsToRepairRebooting,
}

impl Name {
    fn of(self, constraints: &mut Constraints) -> &mut i64 {
        match self {
            Self::ControlPlaneCount => &mut constraints.control_plane_count,
            Self::MinimumWorkersRate => &mut constraints.minimum_workers_rate,
            Self::MaximumUnreachableNodesForReboot => &mut constraints.reboot_maximum_unreachable,
            Self::MaximumRepairQueueEntries => &mut constraints.maximum_repairs,
            Self::WaitSecondsToRepairRebooting => &mut constraints.repair_rebooting_seconds,
        }
    }
}

impl ConstraintsCommand {
    pub(crate) async fn run(self, connection: &Connection) -> anyhow::Result<()> {
        let storage = connection.storage().await?;
        match self {
            Self::Set { name, value } => {
                storage
                    .change_constraints(|constraints| *name.of(constraints) = value)
                    .await?;
                Ok(())
            }
            Self::Show(_) => {
                let stored = storage.constraints().await?;
                let missing = "no constraints are stored: the defaults hold (control-plane-count 1, minimum-workers-rate 80, \
                               the others 0)";
                output::json_4(&stored.context(missing)?)
            }
        }
    }
}
