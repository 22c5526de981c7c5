//! `make peers`: ours and the original's programs side by side.

use clap::{Parser, Subcommand};
use neco_compare::programs::Programs;
use neco_compare::suite;

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
}

fn main() -> anyhow::Result<()> {
    let what = Cli::parse().what;
    let ours = Programs::ours()?;
    let original = Programs::original()?;
    match what {
        None | Some(What::Suite) => suite::four_mixes(&ours, &original),
    }
}
