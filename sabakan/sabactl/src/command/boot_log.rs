//! `sabactl boot-log`

use crate::figures;
use crate::output::{self, Output};
use clap::Args;
use sabakan_client::Client;
use sabakan_model::boot_log::{BootState, BootTimeline};

/// Show how machines boot, and which are stuck.
///
/// With SERIAL, the time-line of its latest boot: each stage, how often it was tried and how long it took, and what was
/// refused. Without, one line for each machine.
#[derive(Debug, Args)]
pub(crate) struct BootLog {
    /// Only machines that stand still in a stage
    #[arg(long, conflicts_with = "serial")]
    stuck: bool,
    #[command(flatten)]
    output: Output,
    /// Serial of the machine
    serial: Option<String>,
}

impl BootLog {
    pub(crate) async fn run(self, client: &Client) -> anyhow::Result<()> {
        match &self.serial {
            Some(serial) => {
                let timeline = client.boot_log(serial).await?;
                if self.output.wants_table() {
                    Ok(show(&timeline)?)
                } else {
                    output::json_2(&timeline)
                }
            }
            None => {
                let all = client.boot_logs(self.stuck).await?;
                if self.output.wants_table() {
                    Ok(list(&all)?)
                } else {
                    output::json_2(&all)
                }
            }
        }
    }
}

fn show(timeline: &BootTimeline) -> std::io::Result<()> {
    output::line(&summary(timeline))?;
    let row = |span: &sabakan_model::boot_log::StageSpan| {
        let took = figures::span(span.duration);
        vec![
            span.stage.to_string(),
            span.start.to_string(),
            took,
            span.count.to_string(),
            span.detail.clone(),
        ]
    };
    output::table(
        &["STAGE", "BEGAN", "TOOK", "TIMES", "LAST"],
        timeline.stages.iter().map(row).collect(),
    )?;
    for refused in &timeline.refused {
        output::line(&format!(
            "refused {} by {}: {}",
            refused.at, refused.server, refused.detail
        ))?;
    }
    Ok(())
}

/// What people want to know first.
fn summary(timeline: &BootTimeline) -> String {
    let (serial, stage) = (&timeline.serial, stage(timeline));
    let (took, quiet) = (figures::span(timeline.duration), figures::span(timeline.quiet));
    match timeline.state {
        BootState::Unknown => format!("{serial}: no boot was seen"),
        BootState::Booting => format!("{serial}: booting for {took}, at {stage} now"),
        BootState::Booted => format!("{serial}: booted in {took}"),
        BootState::Stuck => format!("{serial}: stuck at {stage}, nothing was seen of it for {quiet}"),
    }
}

fn stage(timeline: &BootTimeline) -> &'static str {
    timeline.stage.map_or("-", sabakan_model::Stage::as_str)
}

fn list(all: &[BootTimeline]) -> std::io::Result<()> {
    let row = |t: &BootTimeline| {
        let (took, quiet) = (figures::span(t.duration), figures::span(t.quiet));
        let refused = t.refused.len().to_string();
        vec![
            t.serial.clone(),
            t.state.as_str().into(),
            stage(t).into(),
            t.start.to_string(),
            took,
            quiet,
            refused,
        ]
    };
    let header = ["SERIAL", "STATE", "STAGE", "BEGAN", "TOOK", "QUIET", "REFUSED"];
    output::table(&header, all.iter().map(row).collect())
}
