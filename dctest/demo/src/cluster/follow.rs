//! Shows the making of the cluster while it happens: CKE's own records, as operators read them.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use serde_json::{Deserializer, Value};

use crate::process::{output, wait_for};
use crate::state::Demo;

/// Half a minute is usual; a busy machine takes longer.
const LIMIT: Duration = Duration::from_secs(300);

/// Shows each operation as it ends, until CKE says that nothing is left to do.
pub(super) fn until_completed(demo: &Demo) -> Result<()> {
    let started = Instant::now();
    let mut shown = 0;
    println!("\n  seconds  operation                           nodes");
    wait_for("CKE to complete the cluster", LIMIT, || {
        for record in records(demo).into_iter().skip(shown) {
            if record["status"] == "running" {
                break;
            }
            show(started, &record);
            shown += 1;
        }
        if !demo
            .processes
            .iter()
            .any(|process| process.name == "cke" && process.runs())
        {
            bail!("cke has ended; its log is {}", demo.dir.join("cke.log").display());
        }
        Ok(shown > 0 && phase(demo).as_deref() == Some("completed"))
    })?;
    println!();
    Ok(())
}

fn show(started: Instant, record: &Value) {
    let text = |name: &str| record[name].as_str().unwrap_or_default();
    let targets: Vec<&str> = record["targets"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let (seconds, targets) = (started.elapsed().as_secs_f64(), targets.join(" "));
    let trouble = if text("error").is_empty() {
        String::new()
    } else {
        format!("  {}", text("error"))
    };
    println!("  {seconds:7.1}  {:<34}  {targets}{trouble}", text("operation"));
}

/// The records so far, the oldest first.
fn records(demo: &Demo) -> Vec<Value> {
    let said = ckecli(demo, &["history"]).unwrap_or_default();
    let mut records: Vec<Value> = Deserializer::from_str(&said)
        .into_iter()
        .map_while(Result::ok)
        .collect();
    records.reverse();
    records
}

fn phase(demo: &Demo) -> Option<String> {
    let status: Value = serde_json::from_str(&ckecli(demo, &["status"])?).ok()?;
    status["phase"].as_str().map(str::to_owned)
}

fn ckecli(demo: &Demo, arguments: &[&str]) -> Option<String> {
    output(Command::new(demo.dir.join("ckecli")).args(arguments)).ok()
}
