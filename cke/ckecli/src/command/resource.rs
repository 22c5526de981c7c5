//! `ckecli resource`

use crate::cli::{DryRun, Ignored};
use crate::connect::Connection;
use crate::exit::warn;
use crate::{input, output};
use anyhow::Context;
use cke_model::resource::{parse, split_documents};
use clap::Subcommand;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Manage resources of users.
#[derive(Debug, Subcommand)]
pub(crate) enum Resource {
    /// List keys of registered resources
    List(Ignored),
    /// Register the resources in FILE
    ///
    /// The file holds documents in YAML or JSON, separated by lines of ---. All of them are read before any is registered.
    Set {
        /// The resources; - for standard input
        file: PathBuf,
    },
    /// Show a registered resource
    Get {
        /// Kind/NAME or Kind/NAMESPACE/NAME
        key: String,
    },
    /// Forget the resources in FILE
    ///
    /// What Kubernetes has of them stays there.
    Delete {
        #[command(flatten)]
        dry_run: DryRun,
        /// The resources; - for standard input
        file: PathBuf,
    },
}

impl Resource {
    pub(crate) async fn run(self, connection: &Connection) -> anyhow::Result<()> {
        match self {
            Self::List(_) => {
                let keys = connection.storage().await?.resources().keys().await?;
                Ok(output::emit(
                    keys.iter().map(|key| format!("{key}\n")).collect::<String>().as_bytes(),
                )?)
            }
            Self::Set { file } => {
                let resources = read(&file)?;
                Ok(connection.storage().await?.resources().put(&resources).await?)
            }
            Self::Get { key } => {
                let definition = connection.storage().await?.resources().get(&key).await?;
                let definition =
                    definition.with_context(|| format!("{key} is not registered: see `ckecli resource list`"))?;
                Ok(output::line(definition.trim())?)
            }
            Self::Delete { dry_run, file } => delete(connection, &file, dry_run).await,
        }
    }
}

/// The documents of a file with their keys.
fn read(file: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let mut resources = Vec::new();
    let mut seen = BTreeSet::new();
    for (line, document) in split_documents(&input::text(file)?) {
        let place = || format!("{}: document at line {line}", file.display());
        let key = parse(&document).with_context(place)?.key;
        if !seen.insert(key.clone()) {
            warn(&format!("{}: {key} again, the last one counts", place()));
        }
        resources.push((key, document));
    }
    Ok(resources)
}

async fn delete(connection: &Connection, file: &Path, dry_run: DryRun) -> anyhow::Result<()> {
    let keys: Vec<_> = read(file)?.into_iter().map(|(key, _)| key).collect();
    let storage = connection.storage().await?;
    if !dry_run.dry_run {
        return Ok(storage.resources().delete(&keys).await?);
    }
    let registered: BTreeSet<_> = storage.resources().keys().await?.into_iter().collect();
    for key in keys {
        let text = if registered.contains(&key) {
            format!("would forget {key}; what Kubernetes has of it would stay")
        } else {
            format!("would change nothing: {key} is not registered")
        };
        output::line(&text)?;
    }
    Ok(())
}
