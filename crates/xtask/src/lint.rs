//! `lint`: everything that judges the tree without running it.

use crate::run::{files, run};
use crate::{features, purity};

/// Runs each check; the first that fails ends it.
pub(crate) fn lint() -> anyhow::Result<()> {
    run(&["cargo", "fmt", "--all", "--check"])?;
    run(&[
        "cargo",
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "--deny",
        "warnings",
    ])?;
    // Advisories come from a database on the network, which a build machine may not reach: they are not asked for here.
    run(&[
        "cargo",
        "deny",
        "--log-level",
        "error",
        "check",
        "bans",
        "licenses",
        "sources",
    ])?;
    run(&["cargo", "shear"])?;
    shellcheck()?;
    purity::check()?;
    features::check()
}

fn shellcheck() -> anyhow::Result<()> {
    let mut words = ["shellcheck", "--external-sources", "--source-path=SCRIPTDIR"]
        .map(str::to_owned)
        .to_vec();
    words.push(".ci/run".to_owned());
    words.extend(files(".sh")?);
    run(&words.iter().map(String::as_str).collect::<Vec<_>>())
}
