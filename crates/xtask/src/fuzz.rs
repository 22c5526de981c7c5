//! `fuzz`: runs each target of `crates/fuzz` for a while, from its committed corpus.

use std::fs;

use anyhow::{Context, bail};

use crate::run::{root, run};

/// Runs one target, or all of them one after the other. What crashes is kept in `crates/fuzz/artifacts/`.
pub(crate) fn fuzz(seconds: u64, only: Option<&str>) -> anyhow::Result<()> {
    let all = targets()?;
    let chosen: Vec<_> = all.iter().filter(|t| only.is_none_or(|o| o == t.as_str())).collect();
    if chosen.is_empty() {
        bail!("no such target: the targets are {}", all.join(", "));
    }
    for target in chosen {
        let limit = format!("-max_total_time={seconds}");
        // New inputs are kept out of the tree: the first folder is written to, the second only read.
        let found = format!("crates/fuzz/target/corpus/{target}");
        let committed = format!("crates/fuzz/corpus/{target}");
        fs::create_dir_all(root().join(&found)).with_context(|| format!("cannot make {found}"))?;
        let words = [
            "cargo",
            "+nightly",
            "fuzz",
            "run",
            "--fuzz-dir",
            "crates/fuzz",
            target,
            &found,
            &committed,
            "--",
        ];
        run(&[&words[..], &[&limit, "-rss_limit_mb=2048", "-timeout=10"]].concat())?;
    }
    Ok(())
}

fn targets() -> anyhow::Result<Vec<String>> {
    let folder = root().join("crates/fuzz/fuzz_targets");
    let entries = fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut names: Vec<_> = entries
        .filter_map(Result::ok)
        .filter_map(|e| e.file_name().to_string_lossy().strip_suffix(".rs").map(str::to_owned))
        .collect();
    names.sort();
    Ok(names)
}
