//! Images as one archive in docker's format, which docker and containerd load from a pipe.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tar::{Builder, EntryType, Header, HeaderMode};

use super::sha256;
use super::table::{Image, Part};

/// Images, each with its layers in files.
pub(super) struct Archive {
    images: Vec<Made>,
}

struct Made {
    name: String,
    id: String,
    configuration: Vec<u8>,
    layers: Vec<Layer>,
}

#[derive(Clone)]
struct Layer {
    sum: String,
    file: PathBuf,
}

impl Archive {
    /// Makes the layers of all images, in files below `work`.
    pub(super) fn make(images: &[&Image], work: &Path) -> Result<Self> {
        let made = images.iter().map(|image| make(image, work));
        Ok(Self {
            images: made.collect::<Result<_>>()?,
        })
    }

    /// The images' ids, in order.
    pub(super) fn ids(&self) -> impl Iterator<Item = &String> {
        self.images.iter().map(|image| &image.id)
    }

    /// Writes an archive of some of the images.
    pub(super) fn write(&self, which: &[usize], to: impl Write) -> Result<()> {
        let mut archive = Builder::new(BufWriter::with_capacity(1 << 20, to));
        let mut written: Vec<&str> = Vec::new();
        let mut manifest = Vec::new();
        for image in which.iter().map(|index| &self.images[*index]) {
            for layer in &image.layers {
                if !written.contains(&layer.sum.as_str()) {
                    written.push(&layer.sum);
                    archive.append_path_with_name(&layer.file, layer.name())?;
                }
            }
            append(&mut archive, &format!("{}.json", image.id), &image.configuration)?;
            manifest.push(image.entry());
        }
        append(&mut archive, "manifest.json", &serde_json::to_vec(&manifest)?)?;
        archive.into_inner()?.flush().context("writing an archive")
    }
}

impl Layer {
    fn name(&self) -> String {
        format!("{}.tar", self.sum)
    }
}

impl Made {
    fn entry(&self) -> Value {
        let layers: Vec<String> = self.layers.iter().map(Layer::name).collect();
        json!({"Config": format!("{}.json", self.id), "RepoTags": [self.name], "Layers": layers})
    }
}

fn make(image: &Image, work: &Path) -> Result<Made> {
    let layers = image.layers.iter().map(|parts| layer(parts, work));
    let layers: Vec<Layer> = layers
        .collect::<Result<_>>()
        .with_context(|| format!("image {}", image.name))?;
    let sums: Vec<String> = layers.iter().map(|layer| format!("sha256:{}", layer.sum)).collect();
    let mut configuration = json!({
        "architecture": "amd64",
        "os": "linux",
        "config": {"Env": image.environment, "Entrypoint": image.entrypoint, "User": image.user, "WorkingDir": "/"},
        "rootfs": {"type": "layers", "diff_ids": sums},
    });
    if !image.command.is_empty() {
        configuration["config"]["Cmd"] = json!(image.command);
    }
    let configuration = serde_json::to_vec(&configuration)?;
    let file = work.join("configuration");
    fs::write(&file, &configuration)?;
    Ok(Made {
        name: image.name.clone(),
        id: sha256(&file)?,
        configuration,
        layers,
    })
}

/// One layer in a file that is named by its sum, as the same layer of two images is the same file.
fn layer(parts: &[Part], work: &Path) -> Result<Layer> {
    let new = work.join("layer");
    let mut archive = Builder::new(BufWriter::with_capacity(1 << 20, File::create(&new)?));
    archive.mode(HeaderMode::Deterministic);
    archive.follow_symlinks(false);
    for part in parts {
        add(&mut archive, part).with_context(|| format!("{part:?}"))?;
    }
    archive.into_inner()?.flush()?;
    let sum = sha256(&new)?;
    let file = work.join(&sum);
    fs::rename(&new, &file)?;
    Ok(Layer { sum, file })
}

fn add(archive: &mut Builder<impl Write>, part: &Part) -> Result<()> {
    match part {
        Part::Root(folder) => archive.append_dir_all(".", folder)?,
        Part::Program { from, to } => archive.append_path_with_name(from, to)?,
        Part::File { from, to, mode } => file(archive, from, to, *mode)?,
        Part::Open { path } => folder(archive, path, 0, 0o1777)?,
        Part::Folder { path, owner } => folder(archive, path, *owner, 0o755)?,
    }
    Ok(())
}

fn file(archive: &mut Builder<impl Write>, from: &Path, to: &str, mode: u32) -> Result<()> {
    let file = File::open(from)?;
    let mut header = Header::new_gnu();
    header.set_mode(mode);
    header.set_size(file.metadata()?.len());
    archive.append_data(&mut header, to, file)?;
    Ok(())
}

fn folder(archive: &mut Builder<impl Write>, path: &str, owner: u64, mode: u32) -> Result<()> {
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Directory);
    header.set_mode(mode);
    header.set_uid(owner);
    header.set_gid(owner);
    header.set_size(0);
    archive.append_data(&mut header, format!("{path}/"), std::io::empty())?;
    Ok(())
}

fn append(archive: &mut Builder<impl Write>, name: &str, bytes: &[u8]) -> Result<()> {
    let mut header = Header::new_gnu();
    header.set_mode(0o644);
    header.set_size(u64::try_from(bytes.len())?);
    archive.append_data(&mut header, name, bytes)?;
    Ok(())
}
