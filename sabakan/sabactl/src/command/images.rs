//! `sabactl images`

use crate::cli::{DryRun, Ignored};
use crate::figures;
use crate::output::{self, Output};
use crate::progress;
use clap::{Args, Subcommand};
use sabakan_client::{Client, StatusError};
use sabakan_model::Image;
use sabakan_model::image::MAX_IMAGES;
use std::path::{Path, PathBuf};

/// Manage OS images registered in sabakan.
#[derive(Debug, Args)]
pub(crate) struct Images {
    /// OS identifier
    #[arg(long, global = true, default_value = "coreos")]
    os: String,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Get registered images
    Index {
        #[command(flatten)]
        output: Output,
        #[command(flatten)]
        ignored: Ignored,
    },
    /// Add a new image; when there are five, the oldest goes
    Upload {
        #[command(flatten)]
        dry_run: DryRun,
        /// Id of the image; ids of deleted images cannot be used again
        id: String,
        /// Kernel
        kernel: PathBuf,
        /// Initial root file system
        initrd: PathBuf,
    },
    /// Delete an image; its id cannot be used again
    Delete {
        #[command(flatten)]
        dry_run: DryRun,
        /// Id of the image
        id: String,
    },
}

impl Images {
    pub(crate) async fn run(self, client: &Client) -> anyhow::Result<()> {
        let os = &self.os;
        match self.action {
            Action::Index { output, .. } => index(client, os, output).await,
            Action::Upload { dry_run, id, .. } if dry_run.dry_run => upload_dry(client, os, &id).await,
            Action::Upload { id, kernel, initrd, .. } => upload(client, os, &id, &kernel, &initrd).await,
            Action::Delete { dry_run, id } if dry_run.dry_run => delete_dry(client, os, &id).await,
            Action::Delete { id, .. } => Ok(client.delete_image(os, &id).await?),
        }
    }
}

async fn index(client: &Client, os: &str, output: Output) -> anyhow::Result<()> {
    let index = client.images(os).await?;
    if !output.wants_table() {
        return output::json_2(&index);
    }
    let newest = index.0.iter().rposition(|image| image.exists);
    let row = |(at, image): (usize, &Image)| {
        let here = if image.exists { "yes" } else { "no" };
        let copies = image.urls.as_ref().map_or(0, Vec::len).to_string();
        let served = if newest == Some(at) { "served" } else { "" };
        vec![
            image.id.clone(),
            figures::size(image.size),
            image.date.to_string(),
            copies,
            here.into(),
            served.into(),
        ]
    };
    let rows = index.0.iter().enumerate().map(row).collect();
    Ok(output::table(&["ID", "SIZE", "UPLOADED", "COPIES", "HERE", ""], rows)?)
}

async fn upload(client: &Client, os: &str, id: &str, kernel: &Path, initrd: &Path) -> anyhow::Result<()> {
    let (bar, progress) = progress::bar(id);
    let sent = client.upload_image(os, id, kernel, initrd, progress).await;
    bar.finish_and_clear();
    Ok(sent?)
}

async fn upload_dry(client: &Client, os: &str, id: &str) -> anyhow::Result<()> {
    let index = client.images(os).await?;
    let text = if index.find(id).is_some() {
        format!("would make {os} image {id} the newest; it is there already")
    } else if let Some(oldest) = index.0.first().filter(|_| index.0.len() >= MAX_IMAGES) {
        format!(
            "would add {os} image {id} and delete the oldest, {}, whose id could not be used again",
            oldest.id
        )
    } else {
        format!("would add {os} image {id}; nothing would be deleted")
    };
    Ok(output::line(&text)?)
}

async fn delete_dry(client: &Client, os: &str, id: &str) -> anyhow::Result<()> {
    let index = client.images(os).await?;
    let Some(image) = index.find(id) else {
        return Err(not_found(format!("there is no {os} image {id}")));
    };
    let mut text = format!(
        "would delete {os} image {id} ({}); its id could not be used again",
        figures::size(image.size)
    );
    if let Some(last) = index.0.last().filter(|last| last.id == id) {
        let next = index.0.iter().rev().find(|image| image.id != last.id);
        let next = next.map_or_else(|| "nothing".to_owned(), |image| image.id.clone());
        text.push_str(&format!("\nmachines would boot {next} from then on"));
    }
    Ok(output::line(&text)?)
}

fn not_found(reason: String) -> anyhow::Error {
    sabakan_client::Error::from(Box::new(StatusError::not_found(reason))).into()
}
