//! Ours and the original on one etcd at the same time, each with a data directory of its own: what one writes the other
//! reads, honours, pulls and serves. Then each starts where the other stopped, on the other's directory.
//!
//! All of it happens in a network namespace, whose addresses are all local: the relay of a rack can speak there.

mod api;
mod files;
mod inventory;
mod leases;
mod takeover;

use anyhow::bail;

use crate::programs::Programs;
use crate::site::{Place, Server, Site};

/// Both servers on one etcd.
struct Pair {
    site: Site,
    ours: Running,
    original: Running,
}

/// A server, where it runs, and what runs there.
struct Running {
    place: Place,
    programs: Programs,
    server: Server,
}

impl Pair {
    async fn start(ours: &Programs, original: &Programs) -> anyhow::Result<Self> {
        let site = Site::start(ours).await?;
        Ok(Self {
            original: Running::start(&site, "original", original).await?,
            ours: Running::start(&site, "ours", ours).await?,
            site,
        })
    }

    /// One who writes and one who reads, in both directions.
    fn directions(&self) -> [(&Running, &Running); 2] {
        [(&self.ours, &self.original), (&self.original, &self.ours)]
    }
}

impl Running {
    async fn start(site: &Site, name: &str, programs: &Programs) -> anyhow::Result<Self> {
        let place = Site::place(name)?;
        let server = site.start_at(&place, programs).await?;
        Ok(Self {
            place,
            programs: programs.clone(),
            server,
        })
    }

    fn name(&self) -> &'static str {
        self.programs.name
    }
}

/// A line per check, and the count of those that failed.
#[derive(Default)]
struct Report {
    checks: usize,
    failed: usize,
}

impl Report {
    fn line(&mut self, check: impl AsRef<str>, outcome: anyhow::Result<()>) {
        self.checks += 1;
        match outcome {
            Ok(()) => println!("    ok      {}", check.as_ref()),
            Err(error) => {
                self.failed += 1;
                println!("--- FAILED  {}: {error:#}", check.as_ref());
            }
        }
    }
}

/// Runs every check, prints a line for each, and fails if one of them did.
///
/// # Errors
/// When a server cannot be started, or a check failed.
pub fn compare(ours: &Programs, original: &Programs) -> anyhow::Result<()> {
    testkit::netns::isolated(|| {
        testkit::netns::own_network("10.69.0.0/16");
        let runtime = tokio::runtime::Runtime::new()?;
        runtime.block_on(checks(ours, original))
    })
}

async fn checks(ours: &Programs, original: &Programs) -> anyhow::Result<()> {
    let mut pair = Pair::start(ours, original).await?;
    let mut report = Report::default();
    inventory::check(&pair, &mut report).await;
    leases::check(&pair, &mut report).await;
    files::check(&pair, &mut report).await;
    takeover::check(&mut pair, &mut report, [ours, original]).await;
    println!("{} checks on one etcd, {} failed", report.checks, report.failed);
    if report.failed > 0 {
        bail!("{} checks failed", report.failed);
    }
    Ok(())
}
