//! `sabactl assets`

use crate::args;
use crate::cli::{DryRun, Ignored};
use crate::figures;
use crate::output::{self, Output};
use crate::progress;
use clap::Subcommand;
use futures::future::try_join_all;
use sabakan_client::Client;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Get, add, update and delete assets in sabakan.
#[derive(Debug, Subcommand)]
pub(crate) enum Assets {
    /// Get the index of assets
    Index {
        #[command(flatten)]
        output: Output,
        #[command(flatten)]
        ignored: Ignored,
    },
    /// Get the metadata of an asset
    Info {
        /// Name of the asset
        name: String,
    },
    /// Add a new asset or update one
    Upload {
        /// Additional metadata as KEY1=VALUE1,KEY2=VALUE2,...
        #[arg(long, value_name = "KEY=VALUE,...", value_parser = args::notes, action = clap::ArgAction::Append)]
        meta: Vec<Vec<(String, String)>>,
        /// Name of the asset
        name: String,
        /// The file to upload
        file: PathBuf,
    },
    /// Delete an asset
    Delete {
        #[command(flatten)]
        dry_run: DryRun,
        /// Name of the asset
        name: String,
    },
}

impl Assets {
    pub(crate) async fn run(self, client: &Client) -> anyhow::Result<()> {
        match self {
            Self::Index { output, .. } => index(client, output).await,
            Self::Info { name } => output::json_2(&client.asset(&name).await?),
            Self::Upload { meta, name, file } => {
                upload(client, &name, &file, meta.into_iter().flatten().collect()).await
            }
            Self::Delete { dry_run, name } if dry_run.dry_run => {
                let asset = client.asset(&name).await?;
                let size = figures::size(asset.size);
                Ok(output::line(&format!(
                    "would delete asset {name} (id {}, {size}, sha256 {})",
                    asset.id, asset.sha256
                ))?)
            }
            Self::Delete { name, .. } => Ok(client.delete_asset(&name).await?),
        }
    }
}

async fn index(client: &Client, output: Output) -> anyhow::Result<()> {
    let names = client.assets().await?;
    if !output.wants_table() {
        return output::json_2(&names);
    }
    let assets = try_join_all(names.iter().map(|name| client.asset(name))).await?;
    let row = |a: &sabakan_model::Asset| {
        let here = if a.exists { "yes" } else { "no" };
        vec![
            a.name.clone(),
            a.id.to_string(),
            figures::size(a.size),
            a.date.to_string(),
            a.content_type.clone(),
            here.into(),
        ]
    };
    Ok(output::table(
        &["NAME", "ID", "SIZE", "UPLOADED", "TYPE", "HERE"],
        assets.iter().map(row).collect(),
    )?)
}

async fn upload(client: &Client, name: &str, file: &Path, notes: BTreeMap<String, String>) -> anyhow::Result<()> {
    let (bar, progress) = progress::bar(name);
    let status = client.upload_asset(name, file, &notes, progress).await;
    bar.finish_and_clear();
    output::json_2(&status?)
}
