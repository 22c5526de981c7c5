//! The program, from its arguments to its exit code.

use crate::options::{Cli, Settings};
use anyhow::Context as _;
use neco_daemon::lifecycle::Lifecycle;
use neco_daemon::log::LogConfig;
use std::process::ExitCode;

/// A configuration that cannot be used, told apart from a failure while running.
const CONFIGURATION: u8 = 2;

/// Runs until the end.
#[must_use]
pub fn main() -> ExitCode {
    neco_daemon::install_crypto_provider();
    let cli: Cli = neco_daemon::args::parse();
    let settings = match configure(cli) {
        Ok(settings) => settings,
        Err(error) => return report(&error, CONFIGURATION),
    };
    match start(settings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => report(&error, 1),
    }
}

fn configure(cli: Cli) -> anyhow::Result<Settings> {
    neco_daemon::log::init(&cli.log.apply(LogConfig::default()))?;
    Settings::load(cli.flags)
}

#[tokio::main]
async fn start(settings: Settings) -> anyhow::Result<()> {
    #[cfg(feature = "failpoints")]
    crate::failpoints::serve().await?;
    let lifecycle = Lifecycle::install().context("signal handlers")?;
    crate::run(settings, lifecycle).await
}

/// One line for people, with all causes.
fn report(error: &anyhow::Error, code: u8) -> ExitCode {
    tracing::error!(error = format!("{error:#}"), "cke cannot run");
    #[expect(
        clippy::print_stderr,
        reason = "where logs go to a file, the terminal must still say why"
    )]
    {
        eprintln!("cke: {error:#}");
    }
    ExitCode::from(code)
}
