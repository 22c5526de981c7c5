//! The container images of a cluster, made from programs on this machine: no registry, no network.
//!
//! [`table`] says what goes into which image; [`ensure`] brings a node up, loads what is new into its docker and containerd, and keeps
//! its disks as the seed of all others. An image is the same to the byte as long as what goes in is.

mod archive;
mod table;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

pub use table::{
    EVERYWHERE, Image, Part, WORKLOAD, debian, debian_root, image, previous_kubernetes, programs, table, unbound,
};

use super::node::{Node, User};
use super::shell::wait_for;
use super::{Fleet, seed};
use archive::Archive;

/// What the seed holds of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loaded {
    /// The image's id: the SHA-256 of its configuration, as `docker images --no-trunc` shows it.
    pub id: String,
    /// What went in: sizes and times of files. The image is made again when this changes.
    pub made_of: String,
}

/// The images in the seed, by name.
///
/// # Errors
/// When the seed's list cannot be read.
pub fn loaded() -> Result<BTreeMap<String, Loaded>> {
    match fs::read(seed::folder().join("images.json")) {
        Ok(text) => serde_json::from_slice(&text).context("reading the seed's list of images"),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(BTreeMap::new()),
        Err(error) => Err(error).context("reading the seed's list of images"),
    }
}

/// Makes the images that are missing or out of date, and a new seed with them; gives their names.
///
/// # Errors
/// When a program that goes in is missing, or the node that loads them fails.
pub fn ensure(images: &[Image]) -> Result<Vec<String>> {
    let mut have = loaded()?;
    let mut stale = Vec::new();
    for image in images {
        let made_of = image.made_of()?;
        if have.get(&image.name).is_none_or(|loaded| loaded.made_of != made_of) {
            stale.push((image, made_of));
        }
    }
    if stale.is_empty() {
        return Ok(Vec::new());
    }
    let builder = Fleet::builder().control_planes(1).workers(0);
    let fleet = if have.is_empty() {
        builder.without_images()
    } else {
        builder
    }
    .start()?;
    let work = tempfile::Builder::new()
        .prefix("images-")
        .tempdir_in(fleet.layout().dir())?;
    let images: Vec<&Image> = stale.iter().map(|(image, _)| *image).collect();
    let archive = Archive::make(&images, work.path())?;
    load(&fleet.nodes()[0], &archive, &images)?;
    for ((image, made_of), id) in stale.iter().zip(archive.ids()) {
        let (id, made_of) = (id.clone(), made_of.clone());
        have.insert(image.name.clone(), Loaded { id, made_of });
    }
    keep(&fleet, &have)?;
    Ok(images.iter().map(|image| image.name.clone()).collect())
}

/// Gives nodes that run more images than they began with, or others under the same names; all nodes at the same time.
///
/// # Errors
/// When something that goes in is missing, or a node does not take it.
pub fn give(nodes: &[&Node], images: &[Image]) -> Result<()> {
    let work = tempfile::Builder::new().prefix("images-").tempdir()?;
    let images: Vec<&Image> = images.iter().collect();
    let archive = Archive::make(&images, work.path())?;
    std::thread::scope(|scope| {
        let load = |node| load(node, &archive, &images);
        let threads: Vec<_> = nodes.iter().map(|&node| scope.spawn(move || load(node))).collect();
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}

/// Writes an image as an archive that `docker load` takes.
///
/// # Errors
/// When something that goes in is missing.
pub fn save(image: &Image, file: &Path) -> Result<()> {
    let work = tempfile::Builder::new().prefix("images-").tempdir()?;
    let archive = Archive::make(&[image], work.path())?;
    let to = fs::File::create(file).with_context(|| format!("creating {}", file.display()))?;
    archive.write(&[0], to)
}

/// All go into docker; those of pods into the kubelet's containerd also.
fn load(node: &Node, archive: &Archive, images: &[&Image]) -> Result<()> {
    let all: Vec<usize> = (0..images.len()).collect();
    feed(node, "docker load --quiet", archive, &all)?;
    let pods: Vec<usize> = all.into_iter().filter(|index| images[*index].pods).collect();
    if pods.is_empty() {
        return Ok(());
    }
    let import = "ctr -a /run/k8s-containerd.sock -n k8s.io images import -";
    // Its collector may take a layer that two images share from between them: then once more.
    wait_for("containerd to take images", super::PATIENCE, || {
        feed(node, import, archive, &pods)
    })
}

fn feed(node: &Node, script: &str, archive: &Archive, which: &[usize]) -> Result<()> {
    let mut child = node
        .command_as(User::Root, script)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    let written = archive.write(which, child.stdin.take().context("a pipe")?);
    let output = child.wait_with_output()?;
    if !output.status.success() {
        bail!("{script}: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    written.with_context(|| format!("feeding {script}"))
}

/// Stops the node in order, and keeps its disks.
fn keep(fleet: &Fleet, have: &BTreeMap<String, Loaded>) -> Result<()> {
    let node = &fleet.nodes()[0];
    node.ssh(
        "docker image prune --force >/dev/null
         systemctl stop docker.socket docker k8s-containerd containerd
         rm -rf /var/lib/docker/tmp /var/lib/docker/containers/*
         sync",
    )?;
    node.cut_power()?;
    let dir = fleet.layout().node_dir(node.name());
    fs::write(dir.join("images.json"), serde_json::to_vec_pretty(have)?)?;
    seed::take(&dir)
}

/// The SHA-256 of a file, in hexadecimal; the program is quicker than an unoptimised build of a library.
fn sha256(file: &Path) -> Result<String> {
    let text = super::shell::run(Command::new("sha256sum").arg(file))?;
    let sum = text.split_whitespace().next();
    sum.map(str::to_owned).context("sha256sum printed nothing")
}
