//! `sabactl machines`

mod get;

use crate::cli::{DryRun, Ignored};
use crate::{input, output};
use anyhow::Context;
use clap::{Args, Subcommand};
use jiff::civil::Date;
use sabakan_client::Client;
use sabakan_model::{GoTime, MachineSpec, MachineState};
use std::path::PathBuf;

/// Manage machines registered in sabakan.
#[derive(Debug, Subcommand)]
pub(crate) enum Machines {
    Get(Box<get::Get>),
    /// Register machines, all or none
    Create {
        /// Machines in JSON; - for standard input
        #[arg(short, long)]
        file: PathBuf,
        #[command(flatten)]
        ignored: Ignored,
    },
    /// Remove a retired machine
    Remove {
        #[command(flatten)]
        dry_run: DryRun,
        /// Serial of the machine
        serial: String,
    },
    /// Get the current state of a machine
    GetState {
        /// Serial of the machine
        serial: String,
    },
    SetState(SetState),
    /// Add or update a label of a machine
    SetLabel {
        /// Serial of the machine
        serial: String,
        /// Name of the label
        name: String,
        /// Value of the label
        #[arg(allow_hyphen_values = true)]
        value: String,
    },
    /// Remove a label from a machine
    RemoveLabel {
        #[command(flatten)]
        dry_run: DryRun,
        /// Serial of the machine
        serial: String,
        /// Name of the label
        name: String,
    },
    /// Set the retire date of a machine
    SetRetireDate {
        /// Serial of the machine
        serial: String,
        /// The date as YYYY-MM-DD
        #[arg(value_name = "YYYY-MM-DD", value_parser = date)]
        date: Date,
    },
}

const SET_STATE_HELP: &str = "Change the state of a machine.

STATE is one of:
    uninitialized  The machine is not yet initialized.
    healthy        The machine has no problems.
    unhealthy      The machine has some problems.
    unreachable    The machine does not communicate with others.
    updating       The machine is updating.
    retiring       The machine should soon be retired or repaired.
    retired        The machine's disk encryption keys were deleted.";

/// Change the state of a machine.
#[derive(Debug, Args)]
#[command(long_about = SET_STATE_HELP)]
pub(crate) struct SetState {
    #[command(flatten)]
    dry_run: DryRun,
    /// Serial of the machine
    serial: String,
    /// The new state
    state: String,
}

fn date(text: &str) -> Result<Date, String> {
    let wrong = || format!("{text:?} is not a date such as 2030-12-31");
    if text.len() != "2030-12-31".len() {
        return Err(wrong());
    }
    Date::strptime("%Y-%m-%d", text).map_err(|_| wrong())
}

impl Machines {
    pub(crate) async fn run(self, client: &Client) -> anyhow::Result<()> {
        match self {
            Self::Get(get) => get.run(client).await,
            Self::Create { file, .. } => Ok(client.register(&input::json::<Vec<MachineSpec>>(&file)?).await?),
            Self::Remove { dry_run, serial } if dry_run.dry_run => remove_dry(client, &serial).await,
            Self::Remove { serial, .. } => Ok(client.remove_machine(&serial).await?),
            Self::GetState { serial } => {
                let state = [client.state(&serial).await?.as_slice(), b"\n"].concat();
                Ok(output::emit(&state)?)
            }
            Self::SetState(set) => set.run(client).await,
            Self::SetLabel { serial, name, value } => Ok(client.put_label(&serial, &name, &value).await?),
            Self::RemoveLabel { dry_run, serial, name } if dry_run.dry_run => {
                let machine = one(client, &serial).await?;
                let label = machine.label(&name);
                let label = label.with_context(|| format!("machine {serial} has no label {name}"))?;
                Ok(output::line(&format!(
                    "would remove label {name}={label} from {serial}"
                ))?)
            }
            Self::RemoveLabel { serial, name, .. } => Ok(client.delete_label(&serial, &name).await?),
            Self::SetRetireDate { serial, date } => Ok(client.set_retire_date(&serial, midnight(date)?).await?),
        }
    }
}

fn midnight(date: Date) -> anyhow::Result<GoTime> {
    Ok(format!("{:04}-{:02}-{:02}T00:00:00Z", date.year(), date.month(), date.day()).parse()?)
}

async fn one(client: &Client, serial: &str) -> anyhow::Result<sabakan_model::Machine> {
    let found = client.machines(&[("serial", serial)]).await?;
    found
        .into_iter()
        .next()
        .with_context(|| format!("there is no machine {serial}"))
}

async fn remove_dry(client: &Client, serial: &str) -> anyhow::Result<()> {
    let machine = one(client, serial).await?;
    let (rack, index) = (machine.spec.rack, machine.spec.index_in_rack);
    let text = match machine.status.state {
        MachineState::Retired => format!("would remove machine {serial} and free index {index} of rack {rack}"),
        state => format!("would be refused: machine {serial} is {state}, and only retired machines are removed"),
    };
    Ok(output::line(&text)?)
}

impl SetState {
    async fn run(self, client: &Client) -> anyhow::Result<()> {
        let state = self.state.to_lowercase();
        if !self.dry_run.dry_run {
            return Ok(client.set_state(&self.serial, &state).await?);
        }
        let machine = one(client, &self.serial).await?;
        let text = match machine.status.state.transition(state.parse()?) {
            Ok(true) => format!("would change {} from {} to {state}", self.serial, machine.status.state),
            Ok(false) => format!("would change nothing: {} is {state} already", self.serial),
            Err(forbidden) => format!("would be refused: {forbidden}"),
        };
        Ok(output::line(&text)?)
    }
}
