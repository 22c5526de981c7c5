//! `make peers`, CKE's part: clusters that go from ours to the original and back.
#![allow(clippy::print_stdout, reason = "a command for developers: it speaks on the terminal")]

use clap::Parser;
use neco_cke_suite::peers::{SIZES, takeover};
use neco_cke_suite::programs::Programs;

#[derive(Parser)]
#[command(about = "Take clusters over from the original, and back")]
struct Cli {
    /// Only clusters of one control plane and one worker.
    #[arg(long)]
    small: bool,
    /// Only clusters of three control planes and two workers.
    #[arg(long, conflicts_with = "small")]
    usual: bool,
    /// Only clusters that this one builds.
    #[arg(long, value_enum)]
    built_by: Option<Builder>,
}

#[derive(Clone, Copy, PartialEq, clap::ValueEnum)]
enum Builder {
    Ours,
    Original,
}

fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    let original = Programs::original().ok_or_else(|| {
        anyhow::anyhow!("NECO_ORIGINAL_CKE is not set: it names a folder with the original's cke and ckecli")
    })?;
    let ours = Programs::ours();
    let [small, usual] = SIZES;
    let sizes = SIZES
        .into_iter()
        .filter(|size| !(cli.small && *size == usual || cli.usual && *size == small));
    for size in sizes {
        if cli.built_by != Some(Builder::Ours) {
            takeover::run(&original, &ours, size);
        }
        if cli.built_by != Some(Builder::Original) {
            takeover::run(&ours, &original, size);
        }
    }
    Ok(())
}
