//! `ckecli plan`

use crate::connect::Connection;
use crate::output::{self, Format};
use crate::{input, observe};
use anyhow::Context;
use cke_model::cluster::Purpose;
use cke_model::{Observed, Operation};
use cke_plan::{Cost, DecideOptions, Desired, Plan, WhatIf, decide};
use clap::Args;
use jiff::Timestamp;
use serde::Serialize;
use std::path::PathBuf;

/// Show what CKE would do now, in which order and at which cost. Nothing is changed.
///
/// The cluster is looked at from here, with keys and certificates from Vault.
#[derive(Debug, Args)]
pub(crate) struct PlanCommand {
    /// Plan for this declaration instead of the stored one
    #[arg(long, value_name = "FILE")]
    cluster: Option<PathBuf>,
    /// Plan for some nodes in another state, as rack=7,state=unreachable or node=10.0.0.11,state=bare; may be repeated
    #[arg(long, value_name = "NODES,STATE")]
    what_if: Vec<WhatIf>,
    /// Plan as if the cluster were not frozen
    #[arg(long)]
    thawed: bool,
    /// How many components may be updated at once, as the server is told
    #[arg(long, value_name = "NUMBER", default_value_t = DecideOptions::default().max_concurrent_updates)]
    max_concurrent_updates: usize,
    /// Plan for a cluster that looked like this (JSON), instead of looking at it
    #[arg(long, value_name = "FILE")]
    observed: Option<PathBuf>,
    /// Write what was seen of the cluster as JSON to this file
    #[arg(long, value_name = "FILE")]
    save_observed: Option<PathBuf>,
    /// Output format; text by default
    #[arg(short, long, value_name = "FORMAT")]
    output: Option<Format>,
}

/// What is planned, with its cost.
#[derive(Serialize)]
struct Shown<'a> {
    plan: &'a Plan,
    cost: Cost,
}

impl PlanCommand {
    pub(crate) async fn run(self, connection: &Connection) -> anyhow::Result<()> {
        let world = connection.storage().await?.world().await?;
        let images = connection.settings()?.images;
        let stored = world.cluster.as_ref().map(|stored| stored.value.clone());
        let cluster = match &self.cluster {
            None => {
                stored.context("no cluster is declared: run `ckecli cluster set`, or name one with --cluster FILE")?
            }
            Some(file) => input::cluster(file)?,
        };
        cluster
            .validate(Purpose::Cluster)
            .context("the cluster cannot be planned for")?;
        let mut observed: Observed = match &self.observed {
            Some(file) => serde_json::from_slice(&input::bytes(file)?).with_context(|| file.display().to_string())?,
            None => observe::cluster(connection, &world, &cluster, &images).await?,
        };
        if let Some(file) = &self.save_observed {
            std::fs::write(file, serde_json::to_vec(&observed)?)
                .with_context(|| format!("cannot write {}", file.display()))?;
        }
        let mut desired = Desired {
            cluster,
            constraints: world.constraints,
            resources: world.resources,
            images,
            options: DecideOptions {
                max_concurrent_updates: self.max_concurrent_updates,
            },
            controls: world.controls,
        };
        if self.thawed {
            desired.controls.frozen = None;
        }
        for what_if in &self.what_if {
            what_if.apply(&desired, &mut observed)?;
        }
        self.show(&decide(&desired, &observed, Timestamp::now()))
    }

    fn show(&self, plan: &Plan) -> anyhow::Result<()> {
        if self.output == Some(Format::Json) {
            return output::json_2(&Shown {
                plan,
                cost: plan.cost(),
            });
        }
        Ok(output::emit(text(plan).as_bytes())?)
    }
}

/// A plan for people: each operation with its steps and cost, then what waits.
fn text(plan: &Plan) -> String {
    let mut lines = vec![format!("phase {}", plan.phase)];
    for (at, operation) in plan.operations.iter().enumerate() {
        lines.push(format!(
            "{}. {} on {}",
            at + 1,
            operation.name,
            operation.targets.join(", ")
        ));
        lines.push(format!("   steps: {}", steps(operation)));
        lines.push(format!("   cost: {}", cost(Cost::of(operation))));
    }
    if plan.operations.is_empty() {
        lines.push("nothing is to be done now".to_owned());
    } else {
        lines.push(format!("all of it: {}", cost(plan.cost())));
    }
    lines.extend(plan.waits.iter().map(|wait| format!("waits: {wait}")));
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn steps(operation: &Operation) -> String {
    let step = |step: &cke_model::Step| match step.target.is_empty() {
        true => step.name.clone(),
        false => format!("{} {}", step.name, step.target),
    };
    operation.steps.iter().map(step).collect::<Vec<_>>().join("; ")
}

fn cost(cost: Cost) -> String {
    let parts = [
        (cost.nodes, "nodes"),
        (cost.starts, "containers started"),
        (cost.restarts, "containers restarted"),
        (cost.stops, "containers removed"),
        (cost.drains, "drains"),
        (cost.reboots, "reboots"),
        (cost.repairs, "repairs"),
        (cost.removals, "removals"),
        (cost.commands, "commands on nodes"),
    ];
    let named = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, name)| format!("{count} {name}"));
    let named: Vec<_> = named.collect();
    if named.is_empty() {
        "nothing".to_owned()
    } else {
        named.join(", ")
    }
}
