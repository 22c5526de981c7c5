//! Running tools from the workspace's root.

use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, bail};

/// The workspace's root: two folders above this crate, in the checkout that `cargo xtask` was called in. Where this program was built
/// may be another one, for checkouts share a target directory.
pub(crate) fn root() -> PathBuf {
    let built = || env!("CARGO_MANIFEST_DIR").into();
    let here: PathBuf = std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(built, PathBuf::from);
    here.ancestors().nth(2).unwrap_or(&here).to_path_buf()
}

/// Runs a command line in the root, showing it and how long it took.
pub(crate) fn run(words: &[&str]) -> anyhow::Result<()> {
    let (program, args) = words.split_first().context("an empty command line")?;
    println!("==> {}", words.join(" "));
    let start = Instant::now();
    let status = Command::new(program)
        .args(args)
        .current_dir(root())
        .status()
        .with_context(|| format!("cannot start {program}: `make setup` installs what is missing"))?;
    if !status.success() {
        bail!("{} failed: {status}", words.join(" "));
    }
    println!("    {:.1} s", start.elapsed().as_secs_f64());
    Ok(())
}

/// Every file that git tracks or would track, relative to the root, whose name ends with `suffix`.
pub(crate) fn files(suffix: &str) -> anyhow::Result<Vec<String>> {
    let out = Command::new("git")
        .args(["ls-files", "-co", "--exclude-standard"])
        .current_dir(root())
        .output()
        .context("cannot run git")?;
    let listed = String::from_utf8(out.stdout).context("a file name is not UTF-8")?;
    let there = |name: &&str| name.ends_with(suffix) && root().join(name).is_file();
    Ok(listed.lines().filter(there).map(str::to_owned).collect())
}
