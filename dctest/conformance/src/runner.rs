//! Runs Ginkgo on chosen tests.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write as _};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::choice::{self, Choice, Setting};
use crate::progress::Progress;
use crate::report::{self, Outcome};

/// Runs the tests of a choice and gives what became of them; each that ends is told to `say`. What Ginkgo prints goes into a file beside
/// the report.
///
/// # Errors
/// When it cannot be run or leaves no report. Tests that fail are no error.
pub fn run(
    setting: &Setting,
    choice: &Choice,
    skips: &BTreeMap<String, String>,
    say: impl Fn(&str),
) -> Result<Vec<Outcome>> {
    fs::create_dir_all(&setting.reports)?;
    let report = choice::report(setting, choice);
    let _ = fs::remove_file(&report);
    let log = report.with_extension("log");
    let mut ginkgo = Command::new("setpriv")
        .args(["--pdeathsig", "TERM"])
        .arg(setting.programs.join("ginkgo"))
        .args(choice::arguments(setting, choice, skips))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(File::create(report.with_extension("err"))?)
        .spawn()
        .context("running ginkgo")?;
    let output = BufReader::new(ginkgo.stdout.take().context("a pipe")?);
    follow(output, File::create(&log)?, say)?;
    ginkgo.wait()?;
    let text = fs::read(&report).with_context(|| format!("ginkgo left no report; see {}", log.display()))?;
    report::parse(&text).with_context(|| format!("reading {}", report.display()))
}

fn follow(output: impl BufRead, mut log: File, say: impl Fn(&str)) -> Result<()> {
    let mut progress = Progress::default();
    for line in output.split(b'\n') {
        let line = line?;
        log.write_all(&line)?;
        log.write_all(b"\n")?;
        if let Some(text) = progress.line(&String::from_utf8_lossy(&line)) {
            say(&text);
        }
    }
    Ok(())
}
