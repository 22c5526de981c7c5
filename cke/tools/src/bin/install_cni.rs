//! See [`cke_tools::install_cni`].

use std::path::Path;
use std::process::ExitCode;

use cke_tools::install_cni::{self, HOST, INSTALL_CNI, PLUGINS};

fn main() -> ExitCode {
    match INSTALL_CNI.arguments() {
        Ok(_) => cke_tools::ended(install_cni::install(Path::new(PLUGINS), Path::new(HOST)).map(drop)),
        Err(code) => code,
    }
}
