//! Arguments that mean the same in every command.

use clap::Args;

/// Arguments that are taken and not looked at, as they always were.
#[derive(Debug, Args)]
pub struct Ignored {
    #[arg(hide = true)]
    ignored: Vec<String>,
}

/// Show what would happen instead of doing it.
#[derive(Debug, Clone, Copy, Args)]
pub struct DryRun {
    /// Show what would happen, and change nothing
    #[arg(long)]
    pub dry_run: bool,
}
