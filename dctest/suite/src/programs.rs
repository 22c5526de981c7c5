//! The programs under test: built beside the tests.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use testkit::netns::command_in;

/// The path of one of the workspace's programs.
///
/// # Panics
/// When it is not built.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    let path = folder().join(name);
    assert!(
        path.exists(),
        "{} is missing: build it with `cargo build --package {name}`, or as `make test` does",
        path.display()
    );
    path
}

/// The folder of the workspace's programs.
///
/// # Panics
/// When the test does not lie in a target directory.
#[must_use]
pub fn folder() -> PathBuf {
    let test = std::env::current_exe().expect("the test's own path");
    let folder = test.parent().expect("the test lies in a folder");
    // target/debug/deps/test-0123: programs lie one folder up; those that compare lie beside them.
    if folder.ends_with("deps") {
        folder.parent().expect("deps/ lies in a folder").to_owned()
    } else {
        folder.to_owned()
    }
}

/// A command for a server in a named network namespace, or in the caller's own; it dies with the thread that starts it, so that a test
/// that is killed leaves none behind. The process id is the program's.
#[must_use]
pub fn server_command(netns: Option<&str>, program: &Path) -> Command {
    let inner = command_in(netns, program);
    let mut command = Command::new("setpriv");
    command
        .args(["--pdeathsig", "KILL"])
        .arg(inner.get_program())
        .args(inner.get_args());
    command
}

/// What a command printed, which must end well.
///
/// # Panics
/// When it does not.
pub fn succeed(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let Output { status, stdout, stderr } = output;
    assert!(
        status.success(),
        "{command:?} ended with {status}: {}{}",
        String::from_utf8_lossy(&stdout),
        String::from_utf8_lossy(&stderr)
    );
    String::from_utf8_lossy(&stdout).into_owned()
}
