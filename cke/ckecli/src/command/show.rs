//! `ckecli images`, `ckecli leader`, `ckecli status`

use crate::connect::Connection;
use crate::exit::{Exit, Silent, say};
use crate::output;
use anyhow::Context;
use cke_model::Images;

/// Those of the configuration file, where there is one.
pub(super) fn images(connection: &Connection) -> anyhow::Result<()> {
    let images = connection
        .settings()
        .map_or_else(|_| Images::default(), |settings| settings.images);
    Ok(output::line(&images.all().join("\n"))?)
}

pub(super) async fn leader(connection: &Connection) -> anyhow::Result<()> {
    let leader = connection.storage().await?.leader().await?;
    Ok(output::line(&leader.context("no leader")?)?)
}

pub(super) async fn status(connection: &Connection) -> anyhow::Result<()> {
    match connection.storage().await?.status().await? {
        Some(status) => output::json_line(&status),
        None => {
            say("no status");
            Err(Silent(Exit::NoStatus).into())
        }
    }
}
