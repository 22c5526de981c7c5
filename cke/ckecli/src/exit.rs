//! Exit codes, and how errors are shown.

use crate::{hint, output};
use clap::error::{ContextKind, ErrorKind};
use std::fmt;
use std::io::{self, Write};
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
    let text = error.render().to_string();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            // A reader that went away had seen enough.
            let _ = output::emit(text.as_bytes());
            ExitCode::SUCCESS
        }
        ErrorKind::InvalidSubcommand => {
            let name = error.get(ContextKind::InvalidSubcommand).map(ToString::to_string);
            let rest = text.split_once('\n').map_or("", |(_, rest)| rest);
            say(&format!(
                "Error: unknown command {:?}\n{rest}",
                name.unwrap_or_default()
            ));
            Exit::Failure.code().into()
        }
        _ => {
            say(&text.replacen("error:", "Error:", 1));
            Exit::Failure.code().into()
        }
    }
}

/// Shows a line of what is no output. That nobody can read it is no reason to fail.
pub(crate) fn say(text: &str) {
    let _ = writeln!(io::stderr(), "{}", text.trim_end());
}

/// Tells something on the side that is no output.
pub(crate) fn warn(text: &str) {
    say(&format!("Warning: {text}"));
}
