//! See [`cke_tools::directories`].

use std::path::Path;
use std::process::ExitCode;

use cke_tools::directories::{self, EMPTY_DIR};

fn main() -> ExitCode {
    match EMPTY_DIR.arguments() {
        Ok(args) => cke_tools::ended(args.words.iter().try_for_each(|dir| directories::empty(Path::new(dir)))),
        Err(code) => code,
    }
}
