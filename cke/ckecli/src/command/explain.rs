//! `ckecli explain`

use crate::connect::Connection;
use crate::output::{self, Format};
use anyhow::{Context, bail};
use cke_model::Cluster;
use cke_plan::Subject;
use cke_storage::{Storage, World};
use clap::Args;
use serde_json::{Value, json};

/// Say why nothing happens to a node or an entry now, or what does.
///
/// It is what the leader decided last, with the reason of everything that waits.
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
        let leader = storage.leader().await?;
        let Some(plan) = storage.plan().await? else {
            bail!("{}", without_plan(&storage, leader.as_deref()).await?);
        };
        let leader = leader.unwrap_or_default();
        let about = About {
            subject: &self.subject,
            names: &names,
        };
        let (operations, waits) = (about.operations(&plan), about.waits(&plan));
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
        lines.extend(waits.iter().map(|wait| format!("- {}", word(wait, "words"))));
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
}

impl About<'_> {
    fn operations<'p>(&self, plan: &'p Value) -> Vec<&'p Value> {
        let all = plan["operations"].as_array().into_iter().flatten();
        all.filter(|operation| matches!(self.subject, Subject::Cluster) || self.targets(&operation["targets"]))
            .collect()
    }

    fn waits<'p>(&self, plan: &'p Value) -> Vec<&'p Value> {
        let all = plan["waits"].as_array().into_iter().flatten();
        all.filter(|wait| self.is_held_by(&wait["subject"])).collect()
    }

    fn targets(&self, targets: &Value) -> bool {
        let mut targets = targets.as_array().into_iter().flatten().filter_map(Value::as_str);
        targets.any(|target| self.names.iter().any(|name| name == target))
    }

    /// What holds everything holds the subject as well.
    fn is_held_by(&self, holder: &Value) -> bool {
        let Ok(holder) = serde_json::from_value::<Subject>(holder.clone()) else {
            return false;
        };
        match (&holder, self.subject) {
            (_, Subject::Cluster) | (Subject::Cluster, _) => true,
            (Subject::Node(node), _) => self.names.contains(node),
            (Subject::Operation { targets, .. }, _) => targets.iter().any(|target| self.names.contains(target)),
            (holder, subject) => holder == subject,
        }
    }
}
