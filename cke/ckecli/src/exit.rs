//! Exit codes, and how errors are shown.

use crate::hint;
use neco_terminal::failure::{self, UsageCodes, chain, is_broken_pipe};
pub(crate) use neco_terminal::failure::{say, warn};
use std::fmt;
use std::process::ExitCode;

/// What scripts are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Anything that no other code stands for, wrong usage too.
    Failure,
    /// No server leads, so that there is no status.
    NoStatus,
    /// The code of a program that was run in our place.
    Program(u8),
}

impl Exit {
    const fn code(self) -> u8 {
        match self {
            Self::Failure => 1,
            Self::NoStatus => 4,
            Self::Program(code) => code,
        }
    }
}

/// An error that has been said already, or needs no word; it ends the program with its code.
#[derive(Debug)]
pub(crate) struct Silent(pub(crate) Exit);

impl fmt::Display for Silent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ended with code {}", self.0.code())
    }
}

impl std::error::Error for Silent {}

/// Shows the error of a command and gives its code.
pub(crate) fn report(result: anyhow::Result<()>) -> ExitCode {
    let Err(error) = result else {
        return ExitCode::SUCCESS;
    };
    if let Some(Silent(exit)) = error.downcast_ref() {
        return exit.code().into();
    }
    if is_broken_pipe(&error) {
        // Whoever read us has seen enough, as `head` has.
        return ExitCode::SUCCESS;
    }
    say(&format!("Error: {}", chain(&error)));
    for line in hint::lines(&error) {
        say(&line);
    }
    Exit::Failure.code().into()
}

/// Shows why the command line was not understood, or the help that it asks for.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    let code = Exit::Failure.code();
    let codes = UsageCodes {
        unknown_command: code,
        other: code,
    };
    failure::usage(error, codes)
}
