//! `ckecli freeze`, `ckecli thaw`, `ckecli budget`

use crate::connect::Connection;
use crate::output;
use anyhow::Context;
use cke_model::{Budget, Freeze};
use clap::{Args, Subcommand};
use gojson::GoTime;
use jiff::Timestamp;

/// Stop everything that CKE does to nodes and to Kubernetes.
///
/// An operation that runs ends after its present step. What is observed goes on being shown. `ckecli thaw` lets it go on.
#[derive(Debug, Args)]
pub(crate) struct FreezeCommand {
    /// What for, for whoever looks
    #[arg(default_value = "", hide_default_value = true)]
    why: Vec<String>,
    /// Who; the present user by default
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

/// Let CKE go on after `ckecli freeze`.
#[derive(Debug, Args)]
pub(crate) struct Thaw {}

/// Show or set how many nodes may be out of service at once.
#[derive(Debug, Args)]
pub(crate) struct BudgetCommand {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show the limits
    Show,
    /// Set limits; what is not named stays
    Set {
        /// Nodes of one rack; `none` for no limit
        #[arg(long, value_name = "NODES", value_parser = limit)]
        per_rack: Option<Limit>,
        /// Nodes of the whole cluster; `none` for no limit
        #[arg(long, value_name = "NODES", value_parser = limit)]
        cluster: Option<Limit>,
    },
}

/// A number of nodes, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Limit(Option<i64>);

fn limit(text: &str) -> Result<Limit, String> {
    if text == "none" {
        return Ok(Limit(None));
    }
    let nodes: u32 = text
        .parse()
        .map_err(|_| format!("{text:?} is neither a number of nodes nor none"))?;
    Ok(Limit(Some(nodes.into())))
}

impl FreezeCommand {
    pub(crate) async fn run(self, connection: &Connection) -> anyhow::Result<()> {
        let storage = connection.storage().await?;
        let freeze = Freeze {
            by: self.by.unwrap_or_else(user),
            since: GoTime::utc(Timestamp::now()),
            why: self.why.join(" "),
            ..Freeze::default()
        };
        if storage.put_freeze(&freeze).await? {
            return Ok(output::line("frozen: nothing is changed until `ckecli thaw`")?);
        }
        let first = storage
            .freeze()
            .await?
            .context("somebody has thawed it just now; try again")?;
        Ok(output::line(&format!(
            "frozen already, by {} since {}: {}",
            first.by, first.since, first.why
        ))?)
    }
}

/// Who this is: behind sudo, whoever called it.
pub(super) fn user() -> String {
    let named = ["SUDO_USER", "USER", "LOGNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok());
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{}@{}", named.unwrap_or_else(|| "unknown".to_owned()), host.trim())
}

impl Thaw {
    pub(crate) async fn run(self, connection: &Connection) -> anyhow::Result<()> {
        let thawed = connection.storage().await?.thaw().await?;
        Ok(output::line(if thawed { "thawed" } else { "it was not frozen" })?)
    }
}

impl BudgetCommand {
    pub(crate) async fn run(self, connection: &Connection) -> anyhow::Result<()> {
        let storage = connection.storage().await?;
        let budget = match self.action {
            None | Some(Action::Show) => storage.budget().await?,
            Some(Action::Set { per_rack, cluster }) => {
                let change = |budget: &mut Budget| {
                    budget.per_rack = per_rack.map_or(budget.per_rack, |limit| limit.0);
                    budget.cluster = cluster.map_or(budget.cluster, |limit| limit.0);
                };
                storage.change_budget(change).await?
            }
        };
        output::json_4(&budget)
    }
}
