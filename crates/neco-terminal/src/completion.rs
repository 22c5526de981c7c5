//! `completion` and `man`, for every command alike. The command line itself is what they are made from.

use crate::output;
use clap::{Args, CommandFactory};
use clap_complete::Shell;
use std::io;
use std::path::PathBuf;

/// Print a completion script.
#[derive(Debug, Args)]
pub struct Completion {
    /// Shell to complete for
    #[arg(default_value = "bash")]
    shell: Shell,
}

/// What `completion --help` says of a program; to be given as `long_about` of the sub-command.
#[must_use]
pub fn help(program: &str) -> String {
    format!(
        "Print a completion script.

For bash, put this into ~/.bashrc:

    . <({program} completion)

For zsh, write the output of `{program} completion zsh` to a file _{program} in a directory of $fpath; for fish, that of
`{program} completion fish` to ~/.config/fish/completions/{program}.fish."
    )
}

impl Completion {
    /// Prints the script for this command line.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn run<Cli: CommandFactory>(self) -> io::Result<()> {
        let mut script = Vec::new();
        let mut command = Cli::command();
        let program = command.get_name().to_owned();
        clap_complete::generate(self.shell, &mut command, program, &mut script);
        output::emit(&script)
    }
}

/// Write man pages, one for each command.
#[derive(Debug, Args)]
pub struct Man {
    /// Where to put them; the directory is made when it does not exist
    directory: PathBuf,
}

/// Pages that cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to {}", .directory.display())]
pub struct ManError {
    directory: PathBuf,
    source: io::Error,
}

impl Man {
    /// Writes the pages of this command line.
    ///
    /// # Errors
    /// [`ManError`].
    pub fn run<Cli: CommandFactory>(self) -> Result<(), ManError> {
        let written = std::fs::create_dir_all(&self.directory)
            .and_then(|()| clap_mangen::generate_to(Cli::command(), &self.directory));
        written.map_err(|source| ManError {
            directory: self.directory,
            source,
        })
    }
}
