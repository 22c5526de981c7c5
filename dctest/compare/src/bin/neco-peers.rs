//! `make peers`: ours and the original's programs side by side.

use clap::{Parser, Subcommand};
use neco_compare::programs::Programs;
use neco_compare::{answers, commands, ignitions, shared, suite};

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
    /// The sub-commands of both clients: the same output and exit code?
    Commands,
    /// Both servers on one etcd, then each on the directory that the other left.
    Shared,
    /// Ignition templates built, stored and rendered by both.
    Ignitions,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let what = Cli::parse().what;
    let original = Programs::original()?;
    if matches!(what, Some(What::Ignitions)) {
        return ignitions::compare(&original).await;
    }
    let ours = Programs::ours()?;
    match what {
        Some(What::Suite) => suite::four_mixes(&ours, &original),
        Some(What::Answers) => answers::compare(&ours, &original).await,
        Some(What::Commands) => commands::compare(&ours, &original).await,
        Some(What::Shared) => shared::compare(&ours, &original),
        Some(What::Ignitions) | None => {
            suite::four_mixes(&ours, &original)?;
            answers::compare(&ours, &original).await?;
            commands::compare(&ours, &original).await?;
            shared::compare(&ours, &original)?;
            ignitions::compare(&original).await
        }
    }
}
