//! See [`cke_tools::write_files`].

use std::process::ExitCode;

use cke_tools::write_files::{self, WRITE_FILES};

fn main() -> ExitCode {
    match WRITE_FILES.arguments() {
        Ok(args) => cke_tools::ended(write_files::run(&args, std::io::stdin().lock())),
        Err(code) => code,
    }
}
