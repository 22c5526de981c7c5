//! The operator's files that a template is built from.

use crate::exit::warn;
use anyhow::Context;
use sabakan_ignition::Tree;
use sabakan_model::IgnitionTemplate;
use sabakan_model::ignition::Metadata;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Builds the template of a YAML file, and tells what in it means nothing.
pub(super) fn build(file: &Path, meta: Option<Metadata>) -> anyhow::Result<IgnitionTemplate> {
    let file = std::path::absolute(file).with_context(|| format!("cannot find {}", file.display()))?;
    let built = sabakan_ignition::build(&Files, &file, meta)?;
    for unknown in &built.warnings {
        warn(&format!("{unknown}: unknown key, ignored"));
    }
    Ok(built.template)
}

/// The files of this host.
struct Files;

impl Tree for Files {
    fn read(&self, path: &Path) -> Result<Vec<u8>, String> {
        std::fs::read(path).map_err(|e| e.to_string())
    }

    fn mode(&self, path: &Path) -> Result<u32, String> {
        let meta = std::fs::metadata(path).map_err(|e| e.to_string())?;
        Ok(meta.permissions().mode() & 0o777)
    }

    fn directory(&self, file: &Path) -> Result<PathBuf, String> {
        file.parent()
            .unwrap_or(Path::new("/"))
            .canonicalize()
            .map_err(|e| e.to_string())
    }
}
