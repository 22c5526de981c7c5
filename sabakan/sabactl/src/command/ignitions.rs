//! `sabactl ignitions`

use crate::cli::DryRun;
use crate::output::{self, Output};
use clap::{Args, Subcommand};
use sabakan_client::Client;
use sabakan_model::ignition::{MAX_IGNITIONS, surplus};
use sabakan_model::{IgnitionId, IgnitionTemplate};
use std::path::PathBuf;

mod source;

/// Get, add and delete ignition templates in sabakan.
#[derive(Debug, Subcommand)]
pub(crate) enum Ignitions {
    /// Get an ignition template, or the ids of a role's templates
    Get {
        #[command(flatten)]
        output: Output,
        /// Role of machines
        role: String,
        /// Id of the template; without it the ids are shown
        id: Option<String>,
    },
    Set(Set),
    /// Delete an ignition template
    Delete {
        #[command(flatten)]
        dry_run: DryRun,
        /// Role of machines
        role: String,
        /// Id of the template
        id: String,
    },
}

const SET_HELP: &str = "Add a new ignition template for ROLE. The newest ten are kept.

ID is a version such as 1.2.3. Machines get the newest one.

FILE is a YAML file like this, or with --json what `sabactl ignitions get ROLE ID` prints:

    version: 2.3
    include: ../common/common.yml
    passwd: passwd.yml
    files:
      - /etc/hostname
    networkd:
      - 10-eth0.network
    systemd:
      - name: foo.service
        enabled: true";

/// Add a new ignition template; of more than ten the oldest goes
#[derive(Debug, Args)]
#[command(long_about = SET_HELP)]
pub(crate) struct Set {
    /// The template's source
    #[arg(short, long, value_name = "FILE")]
    file: PathBuf,
    /// JSON file of metadata
    #[arg(long, value_name = "FILE")]
    meta: Option<PathBuf>,
    /// Read the template as JSON
    #[arg(
        long, default_value = "false", default_missing_value = "true", num_args = 0..=1, require_equals = true,
        hide_default_value = true, value_parser = crate::args::go_bool, value_name = "BOOL"
    )]
    json: bool,
    #[command(flatten)]
    dry_run: DryRun,
    /// Role of machines
    role: String,
    /// Id of the template
    id: String,
}

impl Ignitions {
    pub(crate) async fn run(self, client: &Client) -> anyhow::Result<()> {
        match self {
            Self::Get { output, role, id: None } => ids(client, &role, output).await,
            Self::Get { role, id: Some(id), .. } => output::json_2(&client.ignition(&role, &id).await?),
            Self::Set(set) => set.run(client).await,
            Self::Delete { dry_run, role, id } if dry_run.dry_run => {
                let template = client.ignition(&role, &id).await?;
                let size = template.template.as_str().len();
                Ok(output::line(&format!(
                    "would delete ignition template {id} of role {role} ({size} bytes)"
                ))?)
            }
            Self::Delete { role, id, .. } => Ok(client.delete_ignition(&role, &id).await?),
        }
    }
}

async fn ids(client: &Client, role: &str, output: Output) -> anyhow::Result<()> {
    let ids = client.ignition_ids(role).await?;
    if !output.wants_table() {
        return Ok(output::line(&sabakan_model::json::to_go_string(&ids)?)?);
    }
    let ids = ids.unwrap_or_default();
    let newest = ids.len().saturating_sub(1);
    let row = |(at, id): (usize, String)| vec![id, if at == newest { "served".into() } else { String::new() }];
    Ok(output::table(
        &["ID", ""],
        ids.into_iter().enumerate().map(row).collect(),
    )?)
}

impl Set {
    async fn run(self, client: &Client) -> anyhow::Result<()> {
        let template = self.template()?;
        if self.dry_run.dry_run {
            return self.dry(client, &template).await;
        }
        Ok(client.put_ignition(&self.role, &self.id, &template).await?)
    }

    fn template(&self) -> anyhow::Result<IgnitionTemplate> {
        if self.json {
            return crate::input::json(&self.file);
        }
        let meta = self.meta.as_deref().map(crate::input::json).transpose()?;
        source::build(&self.file, meta)
    }

    async fn dry(&self, client: &Client, template: &IgnitionTemplate) -> anyhow::Result<()> {
        let present = client.ignition_ids(&self.role).await?.unwrap_or_default();
        let (role, id) = (&self.role, &self.id);
        let size = template.template.as_str().len();
        output::line(&format!(
            "would add ignition template {id} of role {role}, specification {} ({size} bytes)",
            template.version
        ))?;
        let ids: Vec<IgnitionId> = present.iter().chain([id]).filter_map(|id| id.parse().ok()).collect();
        for old in surplus(ids) {
            output::line(&format!("would delete {old}: the newest {MAX_IGNITIONS} are kept"))?;
        }
        Ok(())
    }
}
