//! Each starts where the other stopped: on its data directory and its ports.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use reqwest::Client;

use super::api::{SOON, get, same, soon};
use super::files::{KEPT, has_asset, has_image};
use super::{Pair, Report, Running};
use crate::programs::Programs;
use crate::site::Site;

pub(super) async fn check(pair: &mut Pair, report: &mut Report, [ours, original]: [&Programs; 2]) {
    let site = &pair.site;
    for running in [&mut pair.original, &mut pair.ours] {
        let own = running.name();
        let order = if own == "ours" {
            [original, ours]
        } else {
            [ours, original]
        };
        for programs in order {
            let name = format!("{} starts on the directory that {} left", programs.name, running.name());
            let outcome = replace(site, running, programs).await;
            let lost = outcome.is_err();
            report.line(name, outcome);
            if lost {
                // What runs there now is unknown.
                return;
            }
        }
    }
}

/// Ends what runs at a place, and starts the other there.
async fn replace(site: &Site, running: &mut Running, programs: &Programs) -> anyhow::Result<()> {
    let before = files(&running.server.data)?;
    let machines = listed(&site.http, running).await?;
    let server = site.start_after(&running.place, programs, &mut running.server).await;
    server.context("the change of programs")?;
    running.programs = programs.clone();
    for (asset, image) in KEPT {
        soon(SOON, || has_image(&site.http, running, image)).await?;
        soon(SOON, || has_asset(&site.http, running, asset)).await?;
    }
    soon(SOON, || async { same(&listed(&site.http, running).await?, &machines) }).await?;
    get(&site.http, &running.server, "boot/ignitions/a0/1.0.4").await?;
    same(&files(&running.server.data)?, &before)
}

/// Serials, as the server lists them.
async fn listed(http: &Client, running: &Running) -> anyhow::Result<Vec<String>> {
    let list: Vec<serde_json::Value> = serde_json::from_slice(&get(http, &running.server, "machines").await?)?;
    let mut serials: Vec<_> = list
        .iter()
        .map(|machine| machine["spec"]["serial"].to_string())
        .collect();
    serials.sort();
    Ok(serials)
}

/// Every file of images and assets, with its content.
fn files(data: &Path) -> anyhow::Result<BTreeMap<PathBuf, Vec<u8>>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![data.join("images"), data.join("assets")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.clone(), fs::read(&path)?);
            }
        }
    }
    Ok(found)
}
