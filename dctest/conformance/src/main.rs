//! `make conformance`: a cluster, Kubernetes' own tests on it, and the page that says what they gave.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for a terminal")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Parser;
use jiff::Timestamp;
use neco_cke_suite::daemon;
use neco_cke_suite::site::{self, Site};
use neco_conformance::choice::{Choice, GROUPS, Setting};
use neco_conformance::images::{Sources, TABLE};
use neco_conformance::results::{Results, Run};
use neco_conformance::{about, lab, page, runner, skips};
use testkit::etcd::tool;
use testkit::fleet::User;

/// Runs Kubernetes' conformance tests on a cluster of its own and writes what they gave.
///
/// Results are kept beside the tests' programs: with --only or --open those of other tests stay as they were.
#[derive(Parser)]
#[command(name = "neco-conformance")]
struct Options {
    /// Only these groups, as sig-node
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Only the tests that have not passed yet
    #[arg(long, conflicts_with = "only")]
    open: bool,
    /// How many tests run at the same time, where they may
    #[arg(long, default_value_t = 4)]
    processes: u8,
    /// Workers beside the control plane
    #[arg(long, default_value_t = 2)]
    workers: u8,
    /// The page to write
    #[arg(long, default_value = "docs/conformance.md")]
    page: PathBuf,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let mut end = Err(anyhow::anyhow!("the cluster was not built"));
    site::run(1, options.workers, async |site: &mut Site| {
        end = work(&options, site).await;
    });
    match end {
        Ok(0) => ExitCode::SUCCESS,
        Ok(open) => {
            eprintln!("error: {open} tests have not passed: see {}", options.page.display());
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Gives the number of tests that should pass and have not.
async fn work(options: &Options, site: &mut Site) -> Result<usize> {
    let skips = skips::parse(skips::OURS)?;
    let sources = Sources::new(&lab::cache()?);
    let kept = sources.folder().join("results.json");
    let whole = options.only.is_empty() && !options.open;
    let mut results = if whole { Results::default() } else { read(&kept)? };
    let choices = choices(options, &results, &skips);

    println!("==> the tests' images");
    lab::prepare(&site.fleet, &sources)?;
    println!("==> a cluster of 1 + {} nodes", options.workers);
    let took = site.bring_up(User::Root).await;
    println!("==> complete in {:.1} s", took.as_secs_f32());
    as_operators_run_it(site).await;
    results.about = about::gather(site)?;
    let setting = Setting {
        programs: sources.folder(),
        kubeconfig: site.kubeconfig(),
        kubectl: tool("kubectl"),
        reports: sources.folder().join("reports"),
        processes: options.processes,
    };
    for choice in choices {
        println!("==> {}", choice.name);
        run(&setting, &choice, &skips, &mut results)?;
        fs::write(&kept, serde_json::to_vec_pretty(&results)?)?;
        write_page(&options.page, &page::render(&results, &skips, &TABLE))?;
    }
    Ok(results.open(&skips).count())
}

/// The haste with which `cke` looks at its nodes in other tests is not what a cluster lives with: a node that it does not know is removed
/// in the next round.
async fn as_operators_run_it(site: &mut Site) {
    site.stop_cke();
    site.start_cke_with(&daemon::Options {
        interval: "1m",
        session_ttl: "60s",
        ..daemon::Options::default()
    });
    site.wait_for_completed().await;
}

fn choices(options: &Options, results: &Results, skips: &BTreeMap<String, String>) -> Vec<Choice> {
    if options.open {
        return Choice::tests("open", results.open(skips)).into_iter().collect();
    }
    let wanted = |group: &&str| options.only.is_empty() || options.only.iter().any(|only| only == group);
    GROUPS.into_iter().filter(wanted).map(Choice::group).collect()
}

fn run(setting: &Setting, choice: &Choice, skips: &BTreeMap<String, String>, results: &mut Results) -> Result<()> {
    let (began, started) = (Timestamp::now(), Instant::now());
    let outcomes = runner::run(setting, choice, skips, |text| println!("{text}"))?;
    let run = Run {
        began: began.strftime("%Y-%m-%d %H:%M").to_string(),
        choice: choice.name.clone(),
        tests: 0,
        failed: 0,
        seconds: started.elapsed().as_secs(),
        processes: setting.processes,
    };
    results.add(run, outcomes);
    Ok(())
}

fn read(kept: &Path) -> Result<Results> {
    match fs::read(kept) {
        Ok(text) => serde_json::from_slice(&text).with_context(|| format!("reading {}", kept.display())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Results::default()),
        Err(error) => Err(error).with_context(|| format!("reading {}", kept.display())),
    }
}

fn write_page(file: &Path, text: &str) -> Result<()> {
    fs::write(file, text).with_context(|| format!("writing {}", file.display()))
}
