//! Where the programs to compare are.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

const VARIABLE: &str = "NECO_ORIGINAL_SABAKAN";

/// One side's server and client.
pub(crate) struct Programs {
    /// What the reports call this side.
    pub(crate) name: &'static str,
    /// The folder of the programs; for the original also of its suite and test data.
    pub(crate) folder: PathBuf,
}

impl Programs {
    /// Ours: built beside this program.
    pub(crate) fn ours() -> anyhow::Result<Self> {
        let exe = std::env::current_exe().context("cannot tell where this program lies")?;
        let folder = exe.parent().context("this program lies in no folder")?;
        Self::at("ours", folder, &["sabakan", "sabactl"])
    }

    /// The original's, from the variable.
    pub(crate) fn original() -> anyhow::Result<Self> {
        let Some(folder) = std::env::var_os(VARIABLE) else {
            bail!(
                "{VARIABLE} is not set: it names a folder with the original's sabakan, sabactl, e2e/e2e.test and testdata/"
            );
        };
        Self::at(
            "original",
            Path::new(&folder),
            &["sabakan", "sabactl", "e2e/e2e.test", "testdata"],
        )
    }

    fn at(name: &'static str, folder: &Path, wanted: &[&str]) -> anyhow::Result<Self> {
        for file in wanted {
            if !folder.join(file).exists() {
                bail!("{name}: {} is missing", folder.join(file).display());
            }
        }
        let folder = folder
            .canonicalize()
            .with_context(|| format!("cannot resolve {}", folder.display()))?;
        Ok(Self { name, folder })
    }
}
