//! `make bench`: one table of figures, each beside its peer where there is one on the machine.
#![allow(clippy::print_stdout, reason = "a command for developers: it speaks on the terminal")]

use clap::{Parser, ValueEnum};
use neco_compare::programs::{ORIGINAL, Programs};
use neco_compare::{bench, facts, network, table};

#[derive(Parser)]
#[command(about = "Print one table of figures")]
struct Cli {
    /// What to measure; everything where nothing is named.
    what: Vec<What>,
    /// How many machines the inventory holds.
    #[arg(long, default_value_t = 10_000)]
    machines: usize,
    /// Print Markdown, with the machine's facts.
    #[arg(long)]
    markdown: bool,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum What {
    /// Registration, start, searches, metrics: beside the original.
    Inventory,
    /// Leases from DISCOVER to ACK: beside Kea and the original.
    Dhcp,
    /// Ten thousand machines that boot at once.
    Storm,
    /// Kernel downloads by 200 clients: beside nginx.
    Files,
}

fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    network::run(measure(cli))
}

async fn measure(cli: Cli) -> anyhow::Result<()> {
    let wanted = |what| cli.what.is_empty() || cli.what.contains(&what);
    let ours = Programs::ours()?;
    let original = std::env::var_os(ORIGINAL).map(|_| Programs::original()).transpose()?;
    let mut rows = Vec::new();
    if wanted(What::Inventory) {
        rows.extend(bench::inventory(&ours, original.as_ref(), cli.machines).await?);
    }
    if wanted(What::Dhcp) {
        rows.extend(bench::dhcp::measure(&ours, original.as_ref()).await?);
    }
    if wanted(What::Storm) {
        rows.extend(bench::storm::measure(&ours).await?);
    }
    if wanted(What::Files) {
        rows.extend(bench::files::measure(&ours).await?);
    }
    if cli.markdown {
        println!("{}", facts::list());
    }
    println!("{}", table::render(&rows, cli.markdown));
    Ok(())
}
