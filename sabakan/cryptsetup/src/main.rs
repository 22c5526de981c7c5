//! Sets up full disk encryption on the machine that it runs on; see the library for how.

use std::process::ExitCode;

use clap::Parser;
use sabakan_cryptsetup::{Options, run};

fn main() -> ExitCode {
    let options = match Options::try_parse() {
        Ok(options) => options,
        Err(error) => {
            let _ = error.print();
            // The original ends with 1 for a wrong flag, too.
            return if error.use_stderr() {
                ExitCode::FAILURE
            } else {
                ExitCode::SUCCESS
            };
        }
    };
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_target(false)
        .init();
    match start(&options) {
        Ok(code) => code,
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "sabakan-cryptsetup failed");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn start(options: &Options) -> anyhow::Result<ExitCode> {
    // Every client of TLS in the process uses this one provider; only another default could be in the way, and there is none.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    run(options).await
}
