//! A Kubernetes cluster beside the machine that booted: three nodes that sabakan's inventory lists, and CKE on the boot server, which finds
//! them there.

mod follow;
mod nodes;
mod servers;

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::process::{output, wait_for};
use crate::state::{Demo, cache};
use crate::step;

pub(crate) use nodes::hold;

/// How long pods may take to answer.
const PATIENCE: Duration = Duration::from_secs(120);

/// Builds it; whatever was built before stays.
pub(crate) fn build(demo: &mut Demo) -> Result<()> {
    step("nodes: three of them, in rack 4");
    nodes::start(demo)?;
    nodes::connect(demo)?;
    step("the inventory: sabakan is told of the nodes");
    nodes::register(demo)?;
    step("Vault");
    servers::start_vault(demo)?;
    step("CKE");
    servers::configure(demo)?;
    servers::start_cke(demo)?;
    follow::until_completed(demo)?;
    step("kubectl get nodes");
    servers::write_kubectl(demo)?;
    until_ready(demo)?;
    println!("{}", kubectl(demo, &["get", "nodes", "-o", "wide"])?);
    step("a workload: two pods behind port 30080 of every node");
    answer(demo)
}

/// The nodes say that they are ready some moments after CKE has done its work.
fn until_ready(demo: &Demo) -> Result<()> {
    wait_for("three nodes to be Ready", PATIENCE, || {
        let seen = kubectl(demo, &["get", "nodes", "--no-headers"]).unwrap_or_default();
        Ok(seen.lines().filter(|line| line.contains(" Ready ")).count() == nodes::COUNT)
    })
}

fn answer(demo: &Demo) -> Result<()> {
    let manifest = demo.dir.join("site/cluster/web.yml").display().to_string();
    println!(
        "    {}",
        kubectl(demo, &["apply", "-f", &manifest])?
            .trim()
            .replace('\n', "\n    ")
    );
    kubectl(demo, &["rollout", "status", "deployment/web", "--timeout=120s"])?;
    for node in nodes::of(demo)? {
        let url = format!("http://{}:30080/", node.address());
        let mut said = None;
        wait_for(&url, PATIENCE, || {
            said = crate::server::fetch(demo, &url);
            Ok(said.is_some())
        })?;
        println!("    {url} says {}", said.unwrap_or_default().trim());
    }
    Ok(())
}

fn kubectl(demo: &Demo, arguments: &[&str]) -> Result<String> {
    output(Command::new(demo.dir.join("kubectl")).args(arguments))
}

/// A program that was installed for tests.
fn installed(name: &str) -> Result<PathBuf> {
    let path = cache()?.join("bin").join(name);
    path.exists()
        .then_some(path.clone())
        .with_context(|| format!("{} is missing: run `make servers`", path.display()))
}

/// What to try when it stands.
pub(crate) fn what_next(demo: &Demo) {
    let dir = demo.dir.display();
    println!(
        "
The cluster is up. Try next:

  {dir}/kubectl get pods -A -o wide
  {dir}/ckecli status              what CKE does
  {dir}/ckecli history -n 3        what it did last
  {dir}/sabactl machines set-state DEMO-CS-3 retiring      and watch CKE take the node out of the cluster
  {dir}/node cp1                   log in on a node; `docker ps` shows what CKE runs there

Logs are in {dir} (cke.log). `make demo-down` takes everything away."
    );
}
