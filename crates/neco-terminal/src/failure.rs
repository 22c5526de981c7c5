//! How errors are shown. Which code a program ends with is its own matter.

use crate::output;
use clap::error::{ContextKind, ErrorKind};
use std::io::{self, Write};
use std::process::ExitCode;

/// An error with its causes, none of them twice.
#[must_use]
pub fn chain(error: &anyhow::Error) -> String {
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

/// True when whoever read our output has seen enough, as `head` has: no failure.
#[must_use]
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<io::Error>();
    io.is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
}

/// Codes for command lines that are not understood.
#[derive(Debug, Clone, Copy)]
pub struct UsageCodes {
    /// There is no such command.
    pub unknown_command: u8,
    /// Anything else.
    pub other: u8,
}

/// Shows why the command line was not understood, or the help that it asks for.
#[must_use]
pub fn usage(error: &clap::Error, codes: UsageCodes) -> ExitCode {
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
            codes.unknown_command.into()
        }
        _ => {
            say(&text.replacen("error:", "Error:", 1));
            codes.other.into()
        }
    }
}

/// Shows a line of what is no output. That nobody can read it is no reason to fail.
pub fn say(text: &str) {
    let _ = writeln!(io::stderr(), "{}", text.trim_end());
}

/// Tells something on the side that is no output.
pub fn warn(text: &str) {
    say(&format!("Warning: {text}"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::{Context, anyhow};

    #[test]
    fn no_cause_is_told_twice() {
        let error = Err::<(), _>(anyhow!("refused"))
            .context("refused")
            .context("cannot set it");
        assert_eq!(
            error.map_err(|error| chain(&error)),
            Err("cannot set it: refused".to_owned())
        );
    }

    #[test]
    fn only_our_own_output_is_a_broken_pipe() {
        let broken = || io::Error::from(io::ErrorKind::BrokenPipe);
        assert!(is_broken_pipe(&broken().into()));
        assert!(!is_broken_pipe(&anyhow!("refused")));
        assert!(!is_broken_pipe(&io::Error::from(io::ErrorKind::NotFound).into()));
    }
}
