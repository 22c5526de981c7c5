//! The operators' command for CKE. It talks to CKE's etcd and to Vault; the leader sees what changes there.
//!
//! What scripts rely on stays as it always was: names, flags, exit codes, and what goes to a pipe. What people see on a
//! terminal may be nicer: tables, warnings, hints.

mod cli;
mod command;
mod connect;
mod exit;
mod hint;
mod input;
mod observe;
mod settings;
mod yaml;

use clap::Parser;
use neco_terminal::{output, tabwriter};
use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the program with its arguments, the program's name first.
#[must_use]
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    match cli::Cli::try_parse_from(arguments) {
        Ok(cli) => exit::report(run(cli)),
        Err(error) => exit::usage(&error),
    }
}

fn run(cli: cli::Cli) -> anyhow::Result<()> {
    // The one place that chooses the cryptography of all TLS connections.
    let provider = rustls::crypto::aws_lc_rs::default_provider().install_default();
    provider.map_err(|_| anyhow::anyhow!("the cryptography was set up twice"))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(command::run(cli));
    // A look-up of a name that nobody waits for any more must not hold the program.
    runtime.shutdown_background();
    result
}
