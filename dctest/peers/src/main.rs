//! Runs ours and the original's programs side by side, where a variable says where the original's are.
//!
//! These are not tests of `make test`: the original is not part of this project, and nothing of it is built or kept here.
//! `NECO_ORIGINAL_SABAKAN` names a folder that holds its programs `sabakan` and `sabactl`, its end-to-end suite compiled
//! to `e2e/e2e.test`, and its `testdata/`.
#![allow(clippy::print_stdout, reason = "a command for developers: it speaks on the terminal")]

mod certs;
mod programs;
mod suite;

use clap::{Parser, Subcommand};

use crate::programs::Programs;

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
