//! The command `cke-localproxy`.

use anyhow::Context as _;
use cke_localproxy::cluster::Access;
use cke_localproxy::local::Local;
use cke_localproxy::options::{Cli, File};
use cke_localproxy::run::{LocalProxy, run};
use cke_storage::Storage;
use neco_daemon::lifecycle::{self, Lifecycle};
use neco_daemon::log::LogConfig;
use neco_etcd::Etcd;
use std::process::ExitCode;

/// A configuration that cannot be used, told apart from a failure while running.
const CONFIGURATION: u8 = 2;

fn main() -> ExitCode {
    neco_daemon::install_crypto_provider();
    let cli: Cli = neco_daemon::args::parse();
    let file = neco_daemon::log::init(&cli.log.apply(LogConfig::default()))
        .map_err(anyhow::Error::from)
        .and_then(|()| File::load(&cli.config));
    match file {
        Err(error) => report(&error, CONFIGURATION),
        Ok(file) => start(&cli, file).map_or_else(|error| report(&error, 1), |()| ExitCode::SUCCESS),
    }
}

#[tokio::main]
async fn start(cli: &Cli, file: File) -> anyhow::Result<()> {
    let lifecycle = Lifecycle::install().context("signal handlers")?;
    let stop = lifecycle.stopping();
    let etcd = tokio::select! {
        etcd = Etcd::connect_when_available(&file.etcd) => etcd.context("etcd")?,
        () = stop.cancelled() => return Ok(()),
    };
    lifecycle::ready(|| true);
    let proxy = LocalProxy::new(Local, file.images);
    run(proxy, Access::new(Storage::new(etcd)), cli.interval, stop.cancelled()).await;
    Ok(())
}

/// One line for people, with all causes.
fn report(error: &anyhow::Error, code: u8) -> ExitCode {
    tracing::error!(error = format!("{error:#}"), "cke-localproxy cannot run");
    #[expect(
        clippy::print_stderr,
        reason = "where logs go to a file, the terminal must still say why"
    )]
    {
        eprintln!("cke-localproxy: {error:#}");
    }
    ExitCode::from(code)
}
