//! Exit codes, and how errors are shown.

use crate::hint;
pub(crate) use neco_terminal::failure::warn;
use neco_terminal::failure::{self, UsageCodes, chain, is_broken_pipe, say};
use sabakan_client::Error as ClientError;
use std::process::ExitCode;

/// What scripts are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Done.
    Success = 0,
    /// Anything that no other code stands for, wrong flags and missing arguments too.
    Failure = 1,
    /// There is no such command.
    UnknownCommand = 2,
    /// The server refused (HTTP 4xx).
    Refused = 4,
    /// The server failed (HTTP 5xx).
    ServerFailed = 5,
    /// The server knows no such thing (HTTP 404).
    NotFound = 14,
    /// The server has something that is in the way (HTTP 409).
    Conflict = 19,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl Exit {
    fn of(error: &anyhow::Error) -> Self {
        let client = error.chain().find_map(|cause| cause.downcast_ref::<ClientError>());
        match client {
            Some(e) if e.is_not_found() => Self::NotFound,
            Some(e) if e.is_conflict() => Self::Conflict,
            Some(e) if e.is_4xx() => Self::Refused,
            Some(e) if e.is_5xx() => Self::ServerFailed,
            _ => Self::Failure,
        }
    }
}

/// Shows the error of a command and gives its code.
pub(crate) fn report(result: anyhow::Result<()>) -> ExitCode {
    let Err(error) = result else {
        return Exit::Success.into();
    };
    if is_broken_pipe(&error) {
        // Whoever read us has seen enough, as `head` has.
        return Exit::Success.into();
    }
    say(&format!("Error: {}", chain(&error)));
    for line in hint::lines(&error) {
        say(&line);
    }
    Exit::of(&error).into()
}

/// Shows why the command line was not understood, or the help that it asks for.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    let codes = UsageCodes {
        unknown_command: Exit::UnknownCommand as u8,
        other: Exit::Failure as u8,
    };
    failure::usage(error, codes)
}
