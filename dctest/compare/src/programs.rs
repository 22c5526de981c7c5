//! Where the programs to compare are.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// Names a folder with the original's `sabakan` and `sabactl`, its end-to-end suite compiled to `e2e/e2e.test`, and its
/// `testdata/`.
pub const ORIGINAL: &str = "NECO_ORIGINAL_SABAKAN";

/// One side's server and client.
#[derive(Debug, Clone)]
pub struct Programs {
    /// What the reports call this side.
    pub name: &'static str,
    /// The folder of the programs; for the original also of its suite and test data.
    pub folder: PathBuf,
}

impl Programs {
    /// Ours: built beside this program.
    ///
    /// # Errors
    /// Says which program is missing.
    pub fn ours() -> anyhow::Result<Self> {
        let exe = std::env::current_exe().context("cannot tell where this program lies")?;
        let folder = exe.parent().context("this program lies in no folder")?;
        Self::at("ours", folder, &["sabakan"])
    }

    /// The original's, from the variable.
    ///
    /// # Errors
    /// Says that the variable is not set, or what is missing where it points.
    pub fn original() -> anyhow::Result<Self> {
        let Some(folder) = std::env::var_os(ORIGINAL) else {
            bail!(
                "{ORIGINAL} is not set: it names a folder with the original's sabakan, sabactl, e2e/e2e.test and testdata/"
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
