//! `make peers`: ours and the original's programs side by side.

use clap::{Parser, Subcommand};
use neco_compare::programs::Programs;
use neco_compare::{answers, suite};

#[derive(Parser)]
#[command(about = "Compare ours with the original's programs")]
struct Cli {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Subcommand)]
enum What {
    /// The original's own end-to-end suite, over the four mixes of server and client.
    Suite,
    /// The same requests to both: do they answer alike?
    Answers,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let what = Cli::parse().what;
    let ours = Programs::ours()?;
    let original = Programs::original()?;
    match what {
        Some(What::Suite) => suite::four_mixes(&ours, &original),
        Some(What::Answers) => answers::compare(&ours, &original).await,
        None => {
            suite::four_mixes(&ours, &original)?;
            answers::compare(&ours, &original).await
        }
    }
}
