//! `make bench`: one table of figures, each beside its peer where a variable gives the peer's path.
#![allow(clippy::print_stdout, reason = "a command for developers: it speaks on the terminal")]

use clap::Parser;
use neco_compare::programs::{ORIGINAL, Programs};
use neco_compare::{bench, table};

#[derive(Parser)]
#[command(about = "Print one table of figures")]
struct Cli {
    /// How many machines the inventory holds.
    #[arg(long, default_value_t = 10_000)]
    machines: usize,
    /// Print Markdown.
    #[arg(long)]
    markdown: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    let ours = Programs::ours()?;
    let original = std::env::var_os(ORIGINAL).map(|_| Programs::original()).transpose()?;
    let rows = bench::inventory(&ours, original.as_ref(), cli.machines).await?;
    println!("{}", table::render(&rows, cli.markdown));
    Ok(())
}
