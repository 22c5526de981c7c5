//! The project's own chores: `cargo xtask lint|fuzz|...`, called by the Makefile.
//!
//! Each module is one chore. They run the ordinary tools and stop at the first failure with what to do about it; they
//! install nothing (dctest/setup/ does).
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command for developers: it speaks on the terminal"
)]

mod features;
mod fuzz;
mod lint;
mod purity;
mod run;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(about = "The project's own chores")]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Formatting, clippy, dependencies, scripts, purity of the pure crates, the table of features.
    Lint,
    /// Only the check that the pure crates stay pure.
    Purity,
    /// Only the check that every row of docs/features.md names a test that exists.
    Features,
    /// Run each fuzz target for a while.
    Fuzz {
        /// How long each target runs, in seconds.
        #[arg(long, default_value_t = 60)]
        seconds: u64,
        /// Only this target.
        target: Option<String>,
    },
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().chore {
        Chore::Lint => lint::lint(),
        Chore::Purity => purity::check(),
        Chore::Features => features::check(),
        Chore::Fuzz { seconds, target } => fuzz::fuzz(seconds, target.as_deref()),
    }
}
