//! The original's end-to-end suite with our programs in place of its own.
//!
//! The suite starts `../sabakan` and `../sabactl` from the folder that it runs in, and `etcd` from `PATH`, on fixed ports:
//! each run has a folder of links, a network namespace of its own, and a PID namespace that takes what the suite leaves
//! behind with it.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use anyhow::{Context, bail};
use tempfile::TempDir;

use crate::certs;
use crate::programs::Programs;

/// Runs the suite over each mix of server and client; fails if one of them fails.
pub fn four_mixes(ours: &Programs, original: &Programs) -> anyhow::Result<()> {
    let mut failed = Vec::new();
    for (server, client) in [(original, original), (ours, original), (original, ours), (ours, ours)] {
        let mix = format!("server {}, client {}", server.name, client.name);
        println!("==> {mix}");
        let passed = run(server, client, original).with_context(|| mix.clone())?;
        println!("    {}", if passed { "passed" } else { "FAILED" });
        if !passed {
            failed.push(mix);
        }
    }
    if !failed.is_empty() {
        bail!("the suite failed with: {}", failed.join("; "));
    }
    Ok(())
}

fn run(server: &Programs, client: &Programs, original: &Programs) -> anyhow::Result<bool> {
    let folder = lay_out(server, client, original)?;
    let log = folder.path().join("log");
    let out = fs::File::create(&log)?;
    let status = Command::new("unshare")
        .args([
            "--net",
            "--",
            "sh",
            "-c",
            "ip link set lo up && exec ./e2e.test -test.v -test.count=1",
        ])
        .current_dir(folder.path().join("e2e"))
        .env("RUN_E2E", "1")
        .stdout(out.try_clone()?)
        .stderr(out)
        .status()
        .context("cannot run unshare")?;
    let text = fs::read_to_string(&log).unwrap_or_default();
    for line in text
        .lines()
        .filter(|l| l.trim_start().starts_with("---") || l.contains("_test.go:"))
    {
        println!("    {line}");
    }
    // A suite that ran no test has proved nothing.
    let passed = status.success() && text.contains("--- PASS: TestSabactl");
    if !passed {
        println!("    the whole log: {}", folder.keep().join("log").display());
    }
    Ok(passed)
}

fn lay_out(server: &Programs, client: &Programs, original: &Programs) -> anyhow::Result<TempDir> {
    let folder = TempDir::with_prefix("neco-peers-")?;
    let path = folder.path();
    symlink(server.folder.join("sabakan"), path.join("sabakan"))?;
    symlink(client.folder.join("sabactl"), path.join("sabactl"))?;
    symlink(original.folder.join("testdata"), path.join("testdata"))?;
    certs::write(&path.join("e2e/output/certs"))?;
    symlink(original.folder.join("e2e/e2e.test"), path.join("e2e/e2e.test"))?;
    Ok(folder)
}
