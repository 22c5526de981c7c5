//! `ckecli`, the operators' command for CKE.

use std::process::ExitCode;

fn main() -> ExitCode {
    ckecli::main(std::env::args_os().collect())
}
