//! See [`cke_tools::rivers`].

use std::process::ExitCode;

use cke_tools::rivers::{self, RIVERS};

fn main() -> ExitCode {
    match RIVERS.arguments() {
        Ok(args) => rivers::run(&args),
        Err(code) => code,
    }
}
