//! See [`cke_tools::directories`].

use std::process::ExitCode;

use cke_tools::directories::{self, MAKE_DIRECTORIES};

fn main() -> ExitCode {
    match MAKE_DIRECTORIES.arguments() {
        Ok(args) => {
            let made = directories::mode(args.value("mode")).and_then(|mode| directories::make(&args.words, mode));
            cke_tools::ended(made)
        }
        Err(code) => code,
    }
}
