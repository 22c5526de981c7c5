//! `sabactl kernel-params`

use crate::cli::Ignored;
use crate::output;
use clap::{Args, Subcommand};
use sabakan_client::Client;

/// Manage kernel parameters in sabakan.
#[derive(Debug, Args)]
pub(crate) struct KernelParams {
    /// OS identifier
    #[arg(long, global = true, default_value = "coreos")]
    os: String,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Get the current kernel parameters
    Get {
        #[command(flatten)]
        ignored: Ignored,
    },
    /// Set new kernel parameters
    Set {
        /// Parameters, like "console=ttyS0 coreos.autologin"
        #[arg(allow_hyphen_values = true)]
        params: String,
    },
}

impl KernelParams {
    pub(crate) async fn run(self, client: &Client) -> anyhow::Result<()> {
        match self.action {
            Action::Get { .. } => {
                let mut params = client.kernel_params(&self.os).await?;
                params.push(b'\n');
                Ok(output::emit(&params)?)
            }
            Action::Set { params } => Ok(client.set_kernel_params(&self.os, &params).await?),
        }
    }
}
