//! Exit codes, and how errors are shown.

use crate::{hint, output};
use clap::error::{ContextKind, ErrorKind};
use sabakan_client::Error as ClientError;
use std::io::{self, Write};
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

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<io::Error>();
    io.is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
}

/// An error with its causes, none of them twice.
fn chain(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        if !text.contains(&cause) {
            text.push_str(if text.is_empty() { "" } else { ": " });
            text.push_str(&cause);
        }
    }
    text
}

/// Shows why the command line was not understood, or the help that it asks for.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            // A reader that went away had seen enough.
            let _ = output::emit(error.render().to_string().as_bytes());
            Exit::Success.into()
        }
        ErrorKind::InvalidSubcommand => {
            let name = error
                .get(ContextKind::InvalidSubcommand)
                .map(ToString::to_string)
                .unwrap_or_default();
            let text = error.render().to_string();
            let rest = text.split_once('\n').map_or("", |(_, rest)| rest);
            say(&format!("Error: unknown command {name:?}\n{rest}"));
            Exit::UnknownCommand.into()
        }
        _ => {
            say(&error.render().to_string().replacen("error:", "Error:", 1));
            Exit::Failure.into()
        }
    }
}

/// Shows a line of what is no output. That nobody can read it is no reason to fail.
fn say(text: &str) {
    let _ = writeln!(io::stderr(), "{}", text.trim_end());
}

/// Tells something on the side that is no output.
pub(crate) fn warn(text: &str) {
    say(&format!("Warning: {text}"));
}
