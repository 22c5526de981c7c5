//! `sabactl`, the command line of sabakan.

use std::process::ExitCode;

fn main() -> ExitCode {
    sabactl::main(std::env::args_os().collect())
}
