//! `ckecli explain`

use crate::connect::Connection;
use crate::output::{self, Format};
use anyhow::{Context, bail};
use cke_model::Cluster;
use cke_plan::{Subject, WaitsSince};
use cke_storage::{Storage, World};
use clap::Args;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Say why nothing happens to a node or an entry now, or what does.
///
/// It is what the leader decided last, with the reason of everything that waits, and since when it waits for this reason.
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// Address or name of a node, reboot/INDEX, repair/INDEX, or the key of a resource; everything by default
    #[arg(value_name = "NODE|ENTRY", default_value = "cluster", hide_default_value = true)]
    subject: Subject,
    /// Output format; text by default
    #[arg(short, long, value_name = "FORMAT")]
    output: Option<Format>,
}

impl Explain {
    pub(crate) async fn run(self, connection: &Connection) -> anyhow::Result<()> {
        let storage = connection.storage().await?;
        let world = storage.world().await?;
        let names = self.names(&world)?;
        let since: WaitsSince = storage.waits().await?.unwrap_or_default();
        let leader = storage.leader().await?;
        let Some(plan) = storage.plan().await? else {
            bail!("{}", without_plan(&storage, leader.as_deref()).await?);
        };
        let leader = leader.unwrap_or_default();
        let about = About {
            subject: &self.subject,
            entries: self.entries(&world, &names),
            names: &names,
        };
        let (operations, mut waits) = (about.operations(&plan), about.waits(&plan));
        // A plan is stored with its first waits only; of the others it is known what waits for which reason.
        waits.extend(about.beyond(&plan, &since));
        if self.output == Some(Format::Json) {
            return output::json_2(&json!({
                "subject": self.subject,
                "leader": leader,
                "phase": plan["phase"],
                "decided_at": plan["decided_at"],
                "operations": operations,
                "waits": waits,
            }));
        }
        let word = |value: &Value, member: &str| value[member].as_str().unwrap_or_default().to_owned();
        let (phase, at) = (word(&plan, "phase"), word(&plan, "decided_at"));
        let mut lines = vec![format!(
            "{}, as {leader} decided at {at} in phase {phase}:",
            self.subject
        )];
        lines.extend(
            operations
                .iter()
                .map(|operation| format!("- {} is done now", word(operation, "name"))),
        );
        lines.extend(waits.iter().map(|wait| format!("- {}", sentence(wait))));
        if lines.len() == 1 {
            lines.push("- nothing is to be done".to_owned());
        }
        Ok(output::line(&lines.join("\n"))?)
    }

    /// The names that operations and waits know the subject by.
    fn names(&self, world: &World) -> anyhow::Result<Vec<String>> {
        let cluster = world.cluster.as_ref().map(|stored| &stored.value);
        match &self.subject {
            Subject::Node(name) => {
                node(cluster, name).with_context(|| format!("{name} is no node of the declared cluster"))
            }
            Subject::Reboot(index) => {
                let entry = world.reboots.iter().find(|entry| entry.index.0 == *index);
                let entry = entry.with_context(|| format!("there is no entry {index} in the reboot queue"))?;
                Ok(node(cluster, &entry.node).unwrap_or_else(|| vec![entry.node.clone()]))
            }
            Subject::Repair(index) => {
                let entry = world.repairs.iter().find(|entry| entry.index.0 == *index);
                let entry = entry.with_context(|| format!("there is no entry {index} in the repair queue"))?;
                Ok(node(cluster, &entry.address).unwrap_or_else(|| vec![entry.address.clone()]))
            }
            Subject::Cluster | Subject::Operation { .. } | Subject::Resource(_) => Ok(Vec::new()),
        }
    }

    /// The entries of both queues for a node: what holds them holds what is to happen to it.
    fn entries(&self, world: &World, names: &[String]) -> Vec<Subject> {
        if !matches!(self.subject, Subject::Node(_)) {
            return Vec::new();
        }
        let reboots = world.reboots.iter().filter(|entry| names.contains(&entry.node));
        let repairs = world.repairs.iter().filter(|entry| names.contains(&entry.address));
        let reboots = reboots.map(|entry| Subject::Reboot(entry.index.0));
        reboots
            .chain(repairs.map(|entry| Subject::Repair(entry.index.0)))
            .collect()
    }
}

/// A wait for people. Some reasons say themselves since when.
fn sentence(wait: &Value) -> String {
    let words = wait["words"].as_str().unwrap_or_default();
    match wait["since"].as_str() {
        Some(since) if !words.contains(since) => format!("{words} (since {since})"),
        _ => words.to_owned(),
    }
}

fn node(cluster: Option<&Cluster>, name: &str) -> Option<Vec<String>> {
    let node = cluster?
        .nodes
        .iter()
        .find(|node| node.address == name || node.nodename() == name)?;
    Some(vec![node.address.clone(), node.nodename().to_owned()])
}

/// Why there is no plan to explain.
async fn without_plan(storage: &Storage, leader: Option<&str>) -> anyhow::Result<String> {
    let Some(leader) = leader else {
        return Ok("nobody leads: is cke running?".to_owned());
    };
    if storage.vault_config().await?.is_none() {
        return Ok(format!(
            "{leader} leads and waits for Vault: run `ckecli vault init` or `ckecli vault config`"
        ));
    }
    if storage.cluster().await?.is_none() {
        return Ok(format!(
            "{leader} leads and waits for a cluster: run `ckecli cluster set`, or set up sabakan"
        ));
    }
    Ok(format!(
        "{leader} leads and has not decided anything yet, or does not say: look at its log"
    ))
}

/// What a stored plan is searched for.
struct About<'a> {
    subject: &'a Subject,
    names: &'a [String],
    entries: Vec<Subject>,
}

impl About<'_> {
    fn operations<'p>(&self, plan: &'p Value) -> Vec<&'p Value> {
        let all = plan["operations"].as_array().into_iter().flatten();
        all.filter(|operation| matches!(self.subject, Subject::Cluster) || self.targets(&operation["targets"]))
            .collect()
    }

    fn waits(&self, plan: &Value) -> Vec<Value> {
        let all = plan["waits"].as_array().into_iter().flatten();
        all.filter(|wait| subject_of(wait).is_some_and(|subject| self.is_held_by(&subject)))
            .cloned()
            .collect()
    }

    /// Waits of the subject that the plan only counts.
    fn beyond(&self, plan: &Value, since: &WaitsSince) -> Vec<Value> {
        if plan["more_waits"].as_u64().unwrap_or(0) == 0 {
            return Vec::new();
        }
        let told = plan["waits"].as_array().into_iter().flatten();
        let told: BTreeSet<_> = told
            .filter_map(|wait| Some((subject_of(wait)?, wait["reason"]["guard"].as_str()?.to_owned())))
            .collect();
        let others = since.iter().filter(|(subject, guard, _)| {
            self.is_held_by(subject) && !told.contains(&((*subject).clone(), (*guard).to_owned()))
        });
        let waits = others.map(|(subject, guard, since)| {
            json!({
                "subject": subject,
                "reason": { "guard": guard },
                "words": format!("{subject}: {guard}"),
                "since": since,
            })
        });
        waits.collect()
    }

    fn targets(&self, targets: &Value) -> bool {
        let mut targets = targets.as_array().into_iter().flatten().filter_map(Value::as_str);
        targets.any(|target| self.names.iter().any(|name| name == target))
    }

    /// What holds everything holds the subject as well.
    fn is_held_by(&self, holder: &Subject) -> bool {
        match (holder, self.subject) {
            (_, Subject::Cluster) | (Subject::Cluster, _) => true,
            (Subject::Node(node), _) => self.names.contains(node),
            (Subject::Operation { targets, .. }, _) => targets.iter().any(|target| self.names.contains(target)),
            (holder, subject) => holder == subject || self.entries.contains(holder),
        }
    }
}

fn subject_of(wait: &Value) -> Option<Subject> {
    serde_json::from_value(wait["subject"].clone()).ok()
}
