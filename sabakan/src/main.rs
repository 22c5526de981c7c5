//! The command `sabakan`.

use anyhow::Context as _;
use clap::Parser;
use neco_daemon::lifecycle::Lifecycle;
use neco_daemon::log::{LogArgs, LogConfig};
use sabakan::config::{FileConfig, Flags, Settings};
use std::process::ExitCode;

/// Boots machines over the network and keeps their inventory.
#[derive(Parser)]
#[command(name = "sabakan", version, args_override_self = true)]
struct Cli {
    #[command(flatten)]
    flags: Flags,
    #[command(flatten)]
    log: LogArgs,
}

/// A configuration that cannot be used, told apart from a failure while running.
const CONFIGURATION: u8 = 2;

fn main() -> ExitCode {
    neco_daemon::install_crypto_provider();
    let Cli { flags, log } = neco_daemon::args::parse();
    let settings = configure(flags, &log);
    let settings = match settings {
        Ok(settings) => settings,
        Err(error) => return report(&error, CONFIGURATION),
    };
    match start(settings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => report(&error, 1),
    }
}

fn configure(flags: Flags, log: &LogArgs) -> anyhow::Result<Settings> {
    neco_daemon::log::init(&log.apply(LogConfig::default()))?;
    let config = match &flags.config_file {
        None => flags.into_config(),
        Some(path) => {
            let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
            FileConfig::from_yaml(&text).with_context(|| path.display().to_string())?
        }
    };
    Ok(Settings::validate(config)?)
}

#[tokio::main]
async fn start(settings: Settings) -> anyhow::Result<()> {
    let lifecycle = Lifecycle::install().context("signal handlers")?;
    sabakan::run(settings, lifecycle).await
}

/// One line for people, with all causes.
fn report(error: &anyhow::Error, code: u8) -> ExitCode {
    tracing::error!(error = format!("{error:#}"), "sabakan cannot run");
    #[allow(
        clippy::print_stderr,
        reason = "where logs go to a file, the terminal must still say why"
    )]
    {
        eprintln!("sabakan: {error:#}");
    }
    ExitCode::from(code)
}
