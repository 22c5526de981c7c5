//! `sabactl ipam` and `sabactl dhcp`

use crate::cli::Ignored;
use crate::{input, output};
use clap::{Args, Subcommand};
use sabakan_client::Client;
use std::path::PathBuf;

/// The file that is set.
#[derive(Debug, Args)]
pub(crate) struct File {
    /// Configuration in JSON; - for standard input
    #[arg(short, long)]
    file: PathBuf,
    #[command(flatten)]
    ignored: Ignored,
}

/// Get and set the IPAM configuration.
#[derive(Debug, Subcommand)]
pub(crate) enum Ipam {
    /// Show the current IPAM configuration
    Get(Ignored),
    /// Replace the IPAM configuration; refused once machines are registered
    Set(File),
}

/// Get and set the DHCP configuration.
#[derive(Debug, Subcommand)]
pub(crate) enum Dhcp {
    /// Show the current DHCP configuration
    Get(Ignored),
    /// Replace the DHCP configuration
    Set(File),
}

impl Ipam {
    pub(crate) async fn run(self, client: &Client) -> anyhow::Result<()> {
        match self {
            Self::Get(_) => output::json_2(&client.ipam().await?),
            Self::Set(set) => Ok(client.set_ipam(&input::json(&set.file)?).await?),
        }
    }
}

impl Dhcp {
    pub(crate) async fn run(self, client: &Client) -> anyhow::Result<()> {
        match self {
            Self::Get(_) => output::json_2(&client.dhcp().await?),
            Self::Set(set) => Ok(client.set_dhcp(&input::json(&set.file)?).await?),
        }
    }
}
