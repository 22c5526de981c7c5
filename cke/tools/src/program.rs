//! What happens around the work of each program: its command line before, its exit code after.

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

use crate::flags::{Arguments, Refusal, Usage};

/// Exit code of a command line that is not understood.
const USAGE_ERROR: u8 = 2;

/// A program with its name.
#[derive(Debug, Clone, Copy)]
pub struct Program {
    /// As in the image.
    pub name: &'static str,
    /// Its command line.
    pub usage: Usage,
}

impl Program {
    /// Understands this process's command line.
    ///
    /// # Errors
    /// The exit code, after the help, the version or what is wrong was printed.
    pub fn arguments(&self) -> Result<Arguments, ExitCode> {
        let args = std::env::args_os()
            .skip(1)
            .map(|arg| arg.to_string_lossy().into_owned());
        self.usage.parse(args).map_err(|refusal| self.refuse(&refusal))
    }

    fn refuse(&self, refusal: &Refusal) -> ExitCode {
        let name = self.name;
        match refusal {
            Refusal::Help => {
                print(std::io::stdout(), &self.usage.help(name));
                ExitCode::SUCCESS
            }
            Refusal::Version => {
                print(std::io::stdout(), &format!("{name} {}\n", env!("CARGO_PKG_VERSION")));
                ExitCode::SUCCESS
            }
            wrong => {
                print(std::io::stderr(), &format!("{wrong}\n\n{}", self.usage.help(name)));
                ExitCode::from(USAGE_ERROR)
            }
        }
    }
}

/// The exit code of a piece of work; why it failed is printed to stderr with all its causes, in one line.
pub fn ended<E: Error>(result: Result<(), E>) -> ExitCode {
    let Err(error) = result else { return ExitCode::SUCCESS };
    print(std::io::stderr(), &format!("{}\n", chain(&error)));
    ExitCode::FAILURE
}

/// An error with its causes in one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

/// Output that nobody can read any more is no reason to fail.
fn print(mut to: impl Write, text: &str) {
    let _ = to.write_all(text.as_bytes());
}
