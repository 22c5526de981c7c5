//! `ckecli cluster`

use crate::cli::{DryRun, Ignored, RequestLimit};
use crate::connect::Connection;
use crate::{input, output, yaml};
use anyhow::Context;
use cke_model::cluster::Purpose;
use cke_model::{Cluster, Constraints};
use cke_storage::Storage;
use clap::Subcommand;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Declare the cluster.
#[derive(Debug, Subcommand)]
pub(crate) enum ClusterCommand {
    /// Load the cluster from FILE and store it
    ///
    /// The file is YAML or JSON. It is checked as a whole, also against the constraints, before anything is stored.
    Set {
        #[command(flatten)]
        dry_run: DryRun,
        #[command(flatten)]
        limit: RequestLimit,
        /// The declaration; - for standard input
        file: PathBuf,
    },
    /// Show the stored cluster as YAML
    Get(Ignored),
}

impl ClusterCommand {
    pub(crate) async fn run(self, connection: &Connection) -> anyhow::Result<()> {
        match self {
            Self::Get(_) => show(&connection.storage().await?.require_cluster().await?),
            Self::Set { dry_run, limit, file } => {
                let cluster = input::cluster(&file)?;
                cluster
                    .validate(Purpose::Cluster)
                    .with_context(|| file.display().to_string())?;
                set(
                    &connection.storage().await?,
                    &file,
                    &cluster,
                    dry_run.dry_run,
                    limit.max_request_bytes,
                )
                .await
            }
        }
    }
}

/// Shows a cluster or a template.
pub(super) fn show(cluster: &Cluster) -> anyhow::Result<()> {
    let tree = serde_json::to_value(cluster)?;
    Ok(output::emit(yaml::to_yaml(&tree).as_bytes())?)
}

async fn set(storage: &Storage, file: &Path, new: &Cluster, dry_run: bool, limit: usize) -> anyhow::Result<()> {
    let constraints = storage
        .constraints()
        .await?
        .unwrap_or_else(Constraints::documented_defaults);
    constraints.check(new).with_context(|| file.display().to_string())?;
    // A stored cluster that cannot be read is no reason to keep it.
    let stored = storage.etcd().get("cluster").await?;
    let revision = stored.as_ref().map_or(0, |kv| kv.mod_revision);
    if dry_run {
        let old = storage.cluster().await.ok().flatten().map(|stored| stored.value);
        return tell(old.as_ref(), new);
    }
    Ok(storage.put_cluster(new, revision, limit).await?)
}

/// Says what would change.
fn tell(old: Option<&Cluster>, new: &Cluster) -> anyhow::Result<()> {
    let (planes, nodes) = (new.control_planes().count(), new.nodes.len());
    let Some(old) = old else {
        return Ok(output::line(&format!(
            "would store {}: {nodes} nodes, {planes} of them control planes",
            new.name
        ))?);
    };
    let addresses = |cluster: &Cluster| cluster.nodes.iter().map(|n| n.address.clone()).collect::<BTreeSet<_>>();
    let (before, after) = (addresses(old), addresses(new));
    let mut lines: Vec<_> = after
        .difference(&before)
        .map(|node| format!("would add node {node}"))
        .collect();
    lines.extend(
        before
            .difference(&after)
            .map(|node| format!("would remove node {node}")),
    );
    let changed = |node: &&cke_model::Node| old.node(&node.address).is_some_and(|old| old != *node);
    lines.extend(
        new.nodes
            .iter()
            .filter(changed)
            .map(|node| format!("would change node {}", node.address)),
    );
    let rest = |cluster: &Cluster| Cluster {
        nodes: Vec::new(),
        ..cluster.clone()
    };
    if rest(old) != rest(new) {
        lines.push("would change what holds for the whole cluster".to_owned());
    }
    if lines.is_empty() {
        lines.push("would change nothing".to_owned());
    }
    Ok(output::line(&lines.join("\n"))?)
}
