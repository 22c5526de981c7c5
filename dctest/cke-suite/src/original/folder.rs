//! The folder of the original's programs and suites, which `NECO_ORIGINAL_CKE` names.
//!
//! ```text
//! cke, ckecli, cke-localproxy   built as its suites' Makefile does: with gofail's failure points switched on
//! install-tools                 of its image's recipe
//! mtest/mtest.test              the suites, compiled with `go test -c`
//! mtest/setup-cke.sh            beside them in its sources, as the next two
//! mtest/cke-cluster.yml
//! mtest/cke.yml
//! ```

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// The programs of CKE's image.
pub const PROGRAMS: [&str; 3] = ["cke", "ckecli", "cke-localproxy"];

/// The folder, with nothing missing.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

impl Folder {
    /// The one that the variable names.
    ///
    /// # Errors
    /// When it names none, or something is missing there.
    pub fn of_environment() -> Result<Folder> {
        let named = std::env::var_os("NECO_ORIGINAL_CKE").filter(|folder| !folder.is_empty());
        let folder =
            named.context("NECO_ORIGINAL_CKE is not set: it names a folder with the original's programs and suites")?;
        Folder::checked(PathBuf::from(folder))
    }

    fn checked(folder: PathBuf) -> Result<Folder> {
        let suites = ["mtest.test", "setup-cke.sh", "cke-cluster.yml", "cke.yml"].map(|name| format!("mtest/{name}"));
        let programs = PROGRAMS.into_iter().chain(["install-tools"]).map(str::to_owned);
        for name in programs.chain(suites) {
            if !folder.join(&name).exists() {
                bail!(
                    "{} is missing: docs/testing.md says what belongs there",
                    folder.join(name).display()
                );
            }
        }
        Ok(Folder(folder.canonicalize()?))
    }

    /// A program, or another file of the folder itself.
    #[must_use]
    pub fn program(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// A file of the suites.
    #[must_use]
    pub fn suite(&self, name: &str) -> PathBuf {
        self.0.join("mtest").join(name)
    }

    /// A text of the suites.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn text(&self, name: &str) -> Result<String> {
        let file: &Path = &self.suite(name);
        std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))
    }
}
