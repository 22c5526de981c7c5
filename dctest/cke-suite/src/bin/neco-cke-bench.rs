//! `make bench`, CKE's part: clusters on real nodes, built by ours and, where it is given, by the original.
#![allow(clippy::print_stdout, reason = "a command for developers: it speaks on the terminal")]

use clap::{Parser, ValueEnum};
use neco_cke_suite::bench::{bring_up, loops, table};
use neco_cke_suite::programs::Programs;

#[derive(Parser)]
#[command(about = "Print a table of figures of clusters on real nodes")]
struct Cli {
    /// What to measure; everything where nothing is named.
    what: Vec<What>,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum What {
    /// Times of clusters of 1 + 2 and 3 + 2 nodes.
    BringUp,
    /// SSH commands and runs of docker's client, 1 + 1 nodes.
    Loops,
}

fn main() {
    let cli = Cli::parse();
    let wanted = |what| cli.what.is_empty() || cli.what.contains(&what);
    let all: Vec<Programs> = [Some(Programs::ours()), Programs::original()]
        .into_iter()
        .flatten()
        .collect();
    let names: Vec<&str> = all.iter().map(|programs| programs.name).collect();
    let mut rows = Vec::new();
    if wanted(What::BringUp) {
        rows.extend(bring_up::measure(&all));
    }
    if wanted(What::Loops) {
        rows.extend(loops::measure(&all));
    }
    println!("{}", table(&names, &rows));
}
