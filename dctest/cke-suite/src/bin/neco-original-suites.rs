//! `make peers-suites`: the original's multi-host suites with its programs and with ours.
#![allow(clippy::print_stdout, reason = "a command for developers: it speaks on the terminal")]

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, ValueEnum};
use neco_cke_suite::original::folder::Folder;
use neco_cke_suite::original::report::{self, Report, Row};
use neco_cke_suite::original::run::Run;
use neco_cke_suite::original::{Side, Suite};

#[derive(Parser)]
#[command(about = "Run the original's multi-host suites with its programs and with ours, and compare test by test")]
struct Cli {
    /// Which suites; all where none is named
    suites: Vec<Suite>,
    /// Only one side's programs; the other side's last report is compared with
    #[arg(long)]
    side: Option<Side>,
    /// Only tests that this expression finds
    #[arg(long)]
    focus: Option<String>,
    /// Where reports and logs go, and stay
    #[arg(long, default_value_os_t = std::env::temp_dir().join("original-suites"))]
    results: PathBuf,
    /// Run nothing: compare the reports that are there
    #[arg(long)]
    compare: bool,
}

fn main() -> Result<ExitCode> {
    let cli = Cli::parse();
    let folder = Folder::of_environment()?;
    std::fs::create_dir_all(&cli.results)?;
    let suites = if cli.suites.is_empty() {
        Suite::value_variants()
    } else {
        &cli.suites
    };
    let mut worse = Vec::new();
    println!("| suite | test | original | ours |\n|---|---|---|---|");
    for &suite in suites {
        let rows = rows(&cli, &folder, suite)?;
        println!("{}", report::table(suite.name(), &rows));
        worse.extend(rows.into_iter().filter(Row::is_worse).map(|row| row.test));
    }
    if worse.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    println!("ours fails what the original passes: {worse:#?}");
    Ok(ExitCode::FAILURE)
}

fn rows(cli: &Cli, folder: &Folder, suite: Suite) -> Result<Vec<Row>> {
    let sides = [Side::Original, Side::Ours];
    let mut reports: Vec<Report> = Vec::new();
    for side in sides {
        let run = Run {
            folder,
            suite,
            side,
            focus: cli.focus.as_deref(),
            results: &cli.results,
        };
        if !cli.compare && cli.side.is_none_or(|only| only == side) {
            run.run()?;
        }
        reports.push(if run.report().exists() {
            report::read(&run.report())?
        } else {
            Report::new()
        });
    }
    Ok(report::compare(&reports[0], &reports[1]))
}
