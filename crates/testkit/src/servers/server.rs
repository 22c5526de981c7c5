//! One server process and its log.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::etcd::tool;
use crate::process::die_with_parent;

#[derive(Debug)]
pub(super) struct Server {
    program: &'static str,
    arguments: Vec<String>,
    log: PathBuf,
    process: Mutex<Option<Child>>,
}

impl Server {
    pub(super) fn start(program: &'static str, arguments: Vec<String>, log: PathBuf) -> Server {
        let server = Server {
            program,
            arguments,
            log,
            process: Mutex::new(None),
        };
        server.start_again();
        server
    }

    /// Starts it unless it runs.
    pub(super) fn start_again(&self) {
        let mut process = self.process.lock().expect("the lock of a process");
        if process.is_some() {
            return;
        }
        let log = File::options()
            .create(true)
            .append(true)
            .open(&self.log)
            .expect("open a log");
        let mut command = Command::new(tool(self.program));
        command
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        die_with_parent(&mut command);
        *process = Some(
            command
                .spawn()
                .unwrap_or_else(|e| panic!("start {}: {e}", self.program)),
        );
    }

    pub(super) fn kill(&self) {
        if let Some(mut child) = self.process.lock().expect("the lock of a process").take() {
            child.kill().ok();
            child.wait().ok();
        }
    }

    pub(super) fn freeze(&self) {
        self.signal(Signal::SIGSTOP);
    }

    pub(super) fn thaw(&self) {
        self.signal(Signal::SIGCONT);
    }

    /// The end of its log.
    pub(super) fn last_words(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().rev().take(5).collect();
        lines.into_iter().rev().map(|line| format!("\n{line}")).collect()
    }

    fn signal(&self, signal: Signal) {
        let process = self.process.lock().expect("the lock of a process");
        let child = process.as_ref().expect("the server runs");
        let pid = i32::try_from(child.id()).expect("a process id");
        kill(Pid::from_raw(pid), signal).expect("signal a server");
    }
}
