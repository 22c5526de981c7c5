//! One suite with one side's programs, on machines of its own.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use testkit::etcd::tool;
use testkit::fleet::{Fleet, Role, images as made};

use super::folder::Folder;
use super::machines::{self, Machine, address};
use super::{Side, Suite, declared, images};

/// What is run where, and where its results go.
#[derive(Debug, Clone, Copy)]
pub struct Run<'a> {
    /// The original's folder.
    pub folder: &'a Folder,
    /// Which suite.
    pub suite: Suite,
    /// Whose programs.
    pub side: Side,
    /// Only tests that this expression finds; all where there is none.
    pub focus: Option<&'a str>,
    /// The folder of reports and logs.
    pub results: &'a Path,
}

impl Run<'_> {
    /// The report of a suite with one side's programs.
    #[must_use]
    pub fn report(&self) -> PathBuf {
        self.result("json")
    }

    fn result(&self, kind: &str) -> PathBuf {
        let name = format!("{}-{}.{kind}", self.suite.name(), self.side.name());
        self.results.join(name)
    }

    /// Runs it to its end, whatever the tests' results are.
    ///
    /// # Errors
    /// When the machines do not come up, or the suite leaves no report.
    pub fn run(&self) -> Result<()> {
        let work = tempfile::Builder::new().prefix("suites-").tempdir()?;
        let image = match self.side {
            Side::Original => images::of_original(self.folder, work.path())?,
            Side::Ours => images::of_ours(work.path())?,
        };
        let fleet = machines::start()?;
        machines::furnish(&fleet, self.folder)?;
        let nodes: Vec<_> = fleet
            .nodes()
            .iter()
            .filter(|node| node.role() != Role::Server)
            .collect();
        made::give(&nodes, &images::substitutes(work.path())?)?;
        let _ = std::fs::remove_file(self.report());
        let log = self.result("log");
        println!(
            "==> {} with the programs of {}: {}",
            self.suite.name(),
            self.side.name(),
            log.display()
        );
        let output = File::create(&log)?;
        let mut command = self.command(&fleet, &image, work.path())?;
        let status = command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .status()?;
        self.keep_logs(&fleet);
        if !self.report().exists() {
            bail!(
                "the suite ended with {status} and left no report: see {}",
                log.display()
            );
        }
        Ok(())
    }

    fn command(&self, fleet: &Fleet, image: &Path, work: &Path) -> Result<Command> {
        let (cluster, config) = (work.join("cluster.yml"), work.join("cke.yml"));
        std::fs::write(
            &cluster,
            declared::cluster(&self.folder.text("cke-cluster.yml")?, self.suite)?,
        )?;
        std::fs::write(&config, declared::configuration(&self.folder.text("cke.yml")?))?;
        let mut command = fleet.boot().command(self.folder.suite("mtest.test"));
        command
            .args(["--ginkgo.v", "--ginkgo.no-color", "--ginkgo.timeout=3h"])
            .arg(format!("--ginkgo.json-report={}", self.report().display()))
            .envs(
                Machine::HOSTS
                    .iter()
                    .chain(&Machine::NODES)
                    .map(|machine| (machine.name.to_uppercase(), address(machine.name))),
            )
            .env("SSH_PRIVKEY", fleet.boot().key())
            .env("CKECLUSTER", cluster)
            .env("CKECONFIG", config)
            .env("CKE_IMAGE", image)
            .env("CKE_IMAGE_URL", images::CKE)
            .env("KUBECTL", tool("kubectl"))
            .env("SUITE", self.suite.name());
        if let Some(focus) = self.focus {
            command.arg(format!("--ginkgo.focus={focus}"));
        }
        Ok(command)
    }

    /// What `cke` said on both boot servers; for people, so that nothing depends on it.
    fn keep_logs(&self, fleet: &Fleet) {
        for host in Machine::HOSTS {
            let said = fleet
                .node(host.name)
                .context("a host")
                .and_then(|node| node.ssh("journalctl -u cke.service --no-pager"));
            let text = said.unwrap_or_else(|error| format!("{error:#}"));
            let _ = std::fs::write(self.result(&format!("{}.log", host.name)), text);
        }
    }
}
