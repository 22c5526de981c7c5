//! `ckecli support-bundle`

mod redact;

use crate::connect::Connection;
use crate::{observe, output};
use anyhow::Context;
use cke_storage::Storage;
use clap::Args;
use serde_json::{Value, json};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

/// Write what one needs to judge a fault from afar to a file, without a secret in it.
///
/// The file is JSON: the declared cluster, constraints, queues, the leader with its last plan and history, and what can be seen of
/// the nodes from here. What looks like a secret by its name, its place or its shape is hidden: look through the file all the same before
/// you give it away.
#[derive(Debug, Args)]
pub(crate) struct SupportBundle {
    /// Do not look at nodes
    #[arg(long)]
    skip_nodes: bool,
    /// Where to write it; it must not exist
    #[arg(default_value = "cke-support.json")]
    file: PathBuf,
}

impl SupportBundle {
    pub(crate) async fn run(self, connection: &Connection) -> anyhow::Result<()> {
        let storage = connection.storage().await?;
        let mut bundle = stored(&storage).await?;
        if !self.skip_nodes {
            // What cannot be seen is a finding as well.
            bundle["observed"] = match observed(connection, &storage).await {
                Ok(observed) => observed,
                Err(error) => json!({ "error": format!("{error:#}") }),
            };
        }
        redact::hide(&mut bundle);
        let place = || format!("cannot write {}", self.file.display());
        let mut options = std::fs::OpenOptions::new();
        let file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&self.file)
            .with_context(place)?;
        serde_json::to_writer_pretty(file, &bundle).with_context(place)?;
        Ok(output::line(&format!("wrote {}", self.file.display()))?)
    }
}

/// Resources are named only: Secrets may be among them.
async fn stored(storage: &Storage) -> anyhow::Result<Value> {
    let world = storage.world().await?;
    let records = storage.records().newest(0).await?;
    let resources: Vec<_> = world
        .resources
        .iter()
        .map(|resource| (&resource.key, resource.revision))
        .collect();
    let vault = storage.vault_config().await?.map(|stored| stored.value.endpoint);
    Ok(json!({
        "ckecli": env!("CARGO_PKG_VERSION"),
        "written_at": jiff::Timestamp::now().to_string(),
        "revision": world.revision,
        "leader": storage.leader().await?,
        "status": storage.status().await?,
        "progress": storage.progress().await?,
        "plan": storage.plan().await?,
        "cluster": world.cluster.map(|stored| stored.value),
        "template_revision": world.template_revision,
        "constraints": world.constraints,
        "config_version": world.config_version,
        "controls": world.controls,
        "resources": resources,
        "reboot_queue": { "enabled": world.reboot_queue_enabled, "entries": world.reboots },
        "repair_queue": { "enabled": world.repair_queue_enabled, "entries": world.repairs },
        "vault_endpoint": vault,
        "unreadable": world.unreadable,
        "history": records.entries,
    }))
}

async fn observed(connection: &Connection, storage: &Storage) -> anyhow::Result<Value> {
    let world = storage.world().await?;
    let cluster = world.cluster.as_ref().context("no cluster is declared")?.value.clone();
    let images = connection.settings()?.images;
    Ok(serde_json::to_value(
        observe::cluster(connection, &world, &cluster, &images).await?,
    )?)
}
