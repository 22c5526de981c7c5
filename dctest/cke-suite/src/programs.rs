//! Which `cke` and `ckecli`: the ones that were built beside the tests, or the original's.

use std::path::PathBuf;

/// A pair of programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programs {
    /// Whose they are, for messages.
    pub name: &'static str,
    /// The daemon.
    pub cke: PathBuf,
    /// The command.
    pub ckecli: PathBuf,
    /// Whether the daemon ends where no cluster is declared yet.
    pub wants_cluster: bool,
}

impl Programs {
    /// Ours, built beside the tests; or those of the folder in `NECO_SUITE_PROGRAMS`, so that the same tests judge others.
    ///
    /// # Panics
    /// When they are not built.
    #[must_use]
    pub fn ours() -> Programs {
        match std::env::var_os("NECO_SUITE_PROGRAMS") {
            Some(folder) if !folder.is_empty() => Programs::of("given", &PathBuf::from(folder)),
            _ => Programs {
                name: "ours",
                cke: neco_dctest::programs::program("cke"),
                ckecli: neco_dctest::programs::program("ckecli"),
                wants_cluster: false,
            },
        }
    }

    /// The original's, from the folder that `NECO_ORIGINAL_CKE` names; none when it names nothing.
    ///
    /// # Panics
    /// When the folder lacks one.
    #[must_use]
    pub fn original() -> Option<Programs> {
        let folder = std::env::var_os("NECO_ORIGINAL_CKE").filter(|folder| !folder.is_empty())?;
        Some(Programs::of("the original", &PathBuf::from(folder)))
    }

    fn of(name: &'static str, folder: &std::path::Path) -> Programs {
        let program = |file: &str| {
            let path = folder.join(file);
            assert!(path.exists(), "{} is missing", path.display());
            path
        };
        Programs {
            name,
            cke: program("cke"),
            ckecli: program("ckecli"),
            wants_cluster: true,
        }
    }
}
