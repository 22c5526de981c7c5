//! `ckecli completion` and `ckecli man`

use crate::cli::Cli;
use crate::output;
use anyhow::Context;
use clap::{Args, CommandFactory};
use clap_complete::Shell;
use std::path::PathBuf;

const COMPLETION_HELP: &str = "Print a completion script.

For bash, put this into ~/.bashrc:

    . <(ckecli completion)

For zsh, write the output of `ckecli completion zsh` to a file _ckecli in a directory of $fpath; for fish, that of
`ckecli completion fish` to ~/.config/fish/completions/ckecli.fish.";

/// Print a completion script.
#[derive(Debug, Args)]
#[command(long_about = COMPLETION_HELP)]
pub(crate) struct Completion {
    /// Shell to complete for
    #[arg(default_value = "bash")]
    shell: Shell,
}

impl Completion {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "ckecli", &mut script);
        Ok(output::emit(&script)?)
    }
}

/// Write man pages, one for each command.
#[derive(Debug, Args)]
pub(crate) struct Man {
    /// Where to put them; the directory is made when it does not exist
    directory: PathBuf,
}

impl Man {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let place = || format!("cannot write to {}", self.directory.display());
        std::fs::create_dir_all(&self.directory).with_context(place)?;
        clap_mangen::generate_to(Cli::command(), &self.directory).with_context(place)
    }
}
