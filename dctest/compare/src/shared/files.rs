//! Images and assets: uploaded to one, pulled and served by the other, deleted from both.

use anyhow::ensure;
use futures::future::join;
use reqwest::{Client, Method};
use serde_json::Value;

use super::api::{PULLED, at, delete, get, json, same, send, soon};
use super::{Pair, Report, Running};
use crate::archive;

/// What stays for whoever takes over: an image and an asset by each.
pub(super) const KEPT: [(&str, &str); 2] = [("kept-by-ours", "1.0.0"), ("kept-by-original", "2.0.0")];

pub(super) async fn check(pair: &Pair, report: &mut Report) {
    let [there, back] = pair.directions();
    let (one, two) = join(
        direction(&pair.site.http, there, KEPT[0]),
        direction(&pair.site.http, back, KEPT[1]),
    )
    .await;
    for (name, outcome) in one.into_iter().chain(two) {
        report.line(name, outcome);
    }
    report.line("the index of images names both servers", located(pair).await);
}

async fn direction(
    http: &Client,
    (from, to): (&Running, &Running),
    (asset, image): (&str, &str),
) -> Vec<(String, anyhow::Result<()>)> {
    let by = |what: &str| format!("{what} {}, by {}", from.name(), to.name());
    let images = async {
        let other = format!("{image}-gone");
        upload_image(http, from, &other).await?;
        upload_image(http, from, image).await?;
        soon(PULLED, || has_image(http, to, image)).await?;
        soon(PULLED, || has_image(http, to, &other)).await?;
        anyhow::Ok(other)
    };
    let assets = async {
        let other = format!("{asset}.gone");
        for name in [asset, &other] {
            upload_asset(http, from, name, "1").await?;
            upload_asset(http, from, name, "2").await?;
        }
        soon(PULLED, || has_asset(http, to, asset)).await?;
        soon(PULLED, || has_asset(http, to, &other)).await?;
        anyhow::Ok(other)
    };
    let (images, assets) = join(images, assets).await;
    let deleted_image = match &images {
        Ok(other) => image_deleted(http, [from, to], other).await,
        Err(_) => Err(anyhow::anyhow!("there was none to delete")),
    };
    let deleted_asset = match &assets {
        Ok(other) => asset_deleted(http, [from, to], other).await,
        Err(_) => Err(anyhow::anyhow!("there was none to delete")),
    };
    vec![
        (by("images pulled from"), images.map(drop)),
        (by("assets pulled from"), assets.map(drop)),
        (by("an image deleted, uploaded to"), deleted_image),
        (by("an asset deleted, uploaded to"), deleted_asset),
    ]
}

/// What the kernel of an image holds.
pub(super) fn kernel(id: &str) -> String {
    format!("kernel {id} ").repeat(1000)
}

async fn upload_image(http: &Client, side: &Running, id: &str) -> anyhow::Result<()> {
    let (kernel, initrd) = (kernel(id), format!("initrd {id}"));
    let archive = archive::tar([("kernel", kernel.as_bytes()), ("initrd.gz", initrd.as_bytes())])?;
    let request = at(http, Method::PUT, &side.server, &format!("images/coreos/{id}"));
    send(request.body(archive)).await.map(drop)
}

/// On the disk in the layout that both know, and served.
pub(super) async fn has_image(http: &Client, side: &Running, id: &str) -> anyhow::Result<()> {
    let file = side.server.data.join("images/coreos").join(id).join("kernel");
    ensure!(file.exists(), "{} is missing", file.display());
    let archive = get(http, &side.server, &format!("images/coreos/{id}")).await?;
    let archive = String::from_utf8_lossy(&archive);
    ensure!(
        archive.contains(&kernel(id)),
        "{} serves another image {id}",
        side.name()
    );
    let newest = json(http, &side.server, "images/coreos").await?;
    let newest = newest
        .as_array()
        .and_then(|all| all.last())
        .map(|one| one["id"].clone());
    if newest == Some(Value::from(id)) {
        let served = get(http, &side.server, "boot/coreos/kernel").await?;
        same(&String::from_utf8_lossy(&served).into_owned(), &kernel(id))?;
    }
    Ok(())
}

async fn upload_asset(http: &Client, side: &Running, name: &str, version: &str) -> anyhow::Result<()> {
    let request = at(http, Method::PUT, &side.server, &format!("assets/{name}"))
        .header("content-type", "application/x-test")
        .header("x-sabakan-asset-options-version", version);
    send(request.body(format!("asset {name} {version}"))).await.map(drop)
}

/// On the disk under its id, and served from there.
pub(super) async fn has_asset(http: &Client, side: &Running, name: &str) -> anyhow::Result<()> {
    let meta = json(http, &side.server, &format!("assets/{name}/meta")).await?;
    let id = meta["id"].as_str().unwrap_or_default().to_owned();
    let file = side.server.data.join("assets").join(id);
    ensure!(file.exists(), "{} is missing", file.display());
    same(&meta["options"]["version"], &Value::from("2"))?;
    let served = get(http, &side.server, &format!("assets/{name}")).await?;
    same(
        &String::from_utf8_lossy(&served).into_owned(),
        &format!("asset {name} 2"),
    )
}

async fn image_deleted(http: &Client, [from, to]: [&Running; 2], id: &str) -> anyhow::Result<()> {
    delete(http, &to.server, &format!("images/coreos/{id}")).await?;
    for side in [from, to] {
        let folder = side.server.data.join("images/coreos").join(id);
        soon(PULLED, || async {
            ensure!(!folder.exists(), "{} is still there", folder.display());
            Ok(())
        })
        .await?;
    }
    Ok(())
}

async fn asset_deleted(http: &Client, [from, to]: [&Running; 2], name: &str) -> anyhow::Result<()> {
    let meta = json(http, &to.server, &format!("assets/{name}/meta")).await?;
    let id = meta["id"].as_str().unwrap_or_default().to_owned();
    delete(http, &to.server, &format!("assets/{name}")).await?;
    for side in [from, to] {
        let file = side.server.data.join("assets").join(&id);
        soon(PULLED, || async {
            ensure!(!file.exists(), "{} is still there", file.display());
            Ok(())
        })
        .await?;
    }
    Ok(())
}

/// Each adds its own address to the index when it has an image.
async fn located(pair: &Pair) -> anyhow::Result<()> {
    let http = &pair.site.http;
    soon(PULLED, || async {
        for side in [&pair.ours, &pair.original] {
            for image in json(http, &side.server, "images/coreos")
                .await?
                .as_array()
                .into_iter()
                .flatten()
            {
                let urls = image["urls"].to_string();
                for server in [&pair.ours.server, &pair.original.server] {
                    ensure!(urls.contains(&server.url), "{} is not in {urls}", server.url);
                }
            }
        }
        Ok(())
    })
    .await
}
