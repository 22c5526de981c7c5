//! A shell with a docker that writes down what it is asked.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// A folder with a `docker` in it.
pub(crate) struct FakeDocker(TempDir);

impl FakeDocker {
    /// One that does this after writing down its arguments; `$STDIN` is a file to keep its input in.
    pub(crate) fn new(body: &str) -> FakeDocker {
        let folder = TempDir::new().unwrap();
        let calls = folder.path().join("calls");
        let stdin = folder.path().join("stdin");
        let program = format!(
            "#!/bin/sh\nSTDIN={}\n{{ printf '%s\\0' \"$@\"; printf '\\n'; }} >>{}\n{body}\n",
            stdin.display(),
            calls.display()
        );
        let path = folder.path().join("docker");
        fs::write(&path, program).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        FakeDocker(folder)
    }

    /// Its files.
    pub(crate) fn folder(&self) -> &Path {
        self.0.path()
    }

    /// Runs a command as a node's shell would, with that input.
    pub(crate) fn run(&self, command: &str, stdin: &[u8]) -> Output {
        let path = format!("{}:{}", self.folder().display(), std::env::var("PATH").unwrap());
        let mut child = Command::new("sh")
            .args(["-c", command])
            .env("PATH", path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Fails where nobody reads it.
        let _ = child.stdin.take().unwrap().write_all(stdin);
        child.wait_with_output().unwrap()
    }

    /// The arguments of each call.
    pub(crate) fn calls(&self) -> Vec<Vec<String>> {
        let calls = fs::read_to_string(self.folder().join("calls")).unwrap_or_default();
        let words = |line: &str| line.split_terminator('\0').map(str::to_owned).collect();
        calls.split_terminator("\0\n").map(words).collect()
    }

    /// What `docker` read, where it did `cat >$STDIN`.
    pub(crate) fn stdin(&self) -> Vec<u8> {
        fs::read(self.folder().join("stdin")).unwrap()
    }
}
