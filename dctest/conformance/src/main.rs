//! `make conformance`: a cluster, Kubernetes' own tests on it, and the page that says what they gave.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for a terminal")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Parser;
use clap::builder::PossibleValuesParser;
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
    /// Only these groups
    #[arg(long, value_delimiter = ',', value_parser = PossibleValuesParser::new(GROUPS))]
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
    let sources = Sources::new(&lab::cache()?);
    let mut record = Record::open(options, &sources)?;
    let choices = choices(options, &record);
    println!("==> the tests' images");
    lab::prepare(&site.fleet, &sources)?;
    println!("==> a cluster of 1 + {} nodes", options.workers);
    let took = site.bring_up(User::Root).await;
    println!("==> complete in {:.1} s", took.as_secs_f32());
    as_operators_run_it(site).await;

    record.results.about = about::gather(site)?;
    let setting = Setting {
        programs: sources.folder(),
        kubeconfig: site.kubeconfig(),
        kubectl: tool("kubectl"),
        reports: sources.folder().join("reports"),
        processes: options.processes,
    };
    for choice in choices {
        record.run(&setting, &choice)?;
    }
    // A test has limits of time that a busy machine may break: once more, each alone. The page tells both runs.
    if let Some(choice) = Choice::tests("again", record.results.failed(&record.skips)) {
        record.run(
            &Setting {
                processes: 1,
                ..setting
            },
            &choice,
        )?;
    }
    Ok(record.results.open(&record.skips).count())
}

/// What is known, and where it is written down after each choice.
struct Record {
    results: Results,
    skips: BTreeMap<String, String>,
    kept: PathBuf,
    page: PathBuf,
}

impl Record {
    /// Goes on with what is kept where not everything is to be run.
    fn open(options: &Options, sources: &Sources) -> Result<Record> {
        let kept = sources.folder().join("results.json");
        let whole = options.only.is_empty() && !options.open;
        Ok(Record {
            results: if whole { Results::default() } else { read(&kept)? },
            skips: skips::parse(skips::OURS)?,
            kept,
            page: options.page.clone(),
        })
    }

    fn run(&mut self, setting: &Setting, choice: &Choice) -> Result<()> {
        println!("==> {}", choice.name);
        let (began, started) = (Timestamp::now(), Instant::now());
        let outcomes = runner::run(setting, choice, &self.skips, |text| println!("{text}"))?;
        let run = Run {
            began: began.strftime("%Y-%m-%d %H:%M").to_string(),
            choice: choice.name.clone(),
            tests: 0,
            failed: 0,
            seconds: started.elapsed().as_secs(),
            processes: setting.processes,
        };
        self.results.add(run, outcomes);
        write(&self.kept, &serde_json::to_vec_pretty(&self.results)?)?;
        write(&self.page, page::render(&self.results, &self.skips, &TABLE).as_bytes())
    }
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

fn choices(options: &Options, record: &Record) -> Vec<Choice> {
    if options.open {
        let open = record.results.open(&record.skips);
        return Choice::tests("open", open).into_iter().collect();
    }
    let wanted = |group: &&str| options.only.is_empty() || options.only.iter().any(|only| only == group);
    GROUPS.into_iter().filter(wanted).map(Choice::group).collect()
}

fn read(kept: &Path) -> Result<Results> {
    match fs::read(kept) {
        Ok(text) => serde_json::from_slice(&text).with_context(|| format!("reading {}", kept.display())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Results::default()),
        Err(error) => Err(error).with_context(|| format!("reading {}", kept.display())),
    }
}

fn write(file: &Path, bytes: &[u8]) -> Result<()> {
    fs::write(file, bytes).with_context(|| format!("writing {}", file.display()))
}
