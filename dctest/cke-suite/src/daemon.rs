//! One `cke` on the boot server.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// A running daemon. It dies with the value, and with the thread that started it.
#[derive(Debug)]
pub struct Daemon {
    child: Child,
    log: PathBuf,
}

/// How it is started.
#[derive(Debug, Clone)]
pub struct Options {
    /// `--interval`.
    pub interval: &'static str,
    /// `--session-ttl`.
    pub session_ttl: &'static str,
    /// Where it answers: `--http`.
    pub http: String,
    /// What else to say.
    pub more: Vec<String>,
    /// Variables of its environment.
    pub environment: Vec<(&'static str, String)>,
    /// Its clock, as `faketime` understands it (`-10m`); the machine's where it is empty. Times that pass are not changed.
    pub clock: &'static str,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            interval: "3s",
            session_ttl: "5s",
            http: "127.0.0.1:10180".to_owned(),
            more: Vec::new(),
            environment: Vec::new(),
            clock: "",
        }
    }
}

impl Daemon {
    /// Starts it with a configuration file; what it says is added to a log.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn start(program: &Path, config: &Path, log: &Path, options: &Options) -> Daemon {
        let file: File = OpenOptions::new()
            .create(true)
            .append(true)
            .open(log)
            .expect("open a log");
        let mut command = neco_dctest::programs::server_command(None, program);
        if !options.clock.is_empty() {
            set_clock(&mut command, options.clock);
        }
        let child = command
            .arg(format!("--config={}", config.display()))
            .arg(format!("--interval={}", options.interval))
            .arg(format!("--session-ttl={}", options.session_ttl))
            .arg(format!("--http={}", options.http))
            .args(&options.more)
            .envs(options.environment.iter().map(|(name, value)| (*name, value)))
            .stdin(Stdio::null())
            .stdout(file.try_clone().expect("a second handle"))
            .stderr(file)
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        Daemon {
            child,
            log: log.to_owned(),
        }
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it runs still.
    pub fn runs(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Its exit code, when it has ended by itself.
    pub fn ended(&mut self) -> Option<i32> {
        self.child.try_wait().ok().flatten().and_then(|status| status.code())
    }

    /// Asks it to end and waits until it has; gives its exit code.
    ///
    /// # Panics
    /// When it cannot be asked.
    pub fn stop(mut self) -> Option<i32> {
        let pid = Pid::from_raw(self.child.id().try_into().expect("a process id"));
        kill(pid, Signal::SIGTERM).expect("send a signal");
        self.child.wait().expect("wait for it").code()
    }

    /// Kills it at once.
    pub fn kill(self) {
        drop(self);
    }

    /// The end of its log.
    #[must_use]
    pub fn tail(&self, lines: usize) -> String {
        tail(&self.log, lines)
    }
}

/// Gives a program another clock, by Debian's libfaketime.
fn set_clock(command: &mut Command, clock: &str) {
    let library = Path::new("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1");
    assert!(library.exists(), "libfaketime is missing: run `make setup`");
    command
        .env("LD_PRELOAD", library)
        .env("FAKETIME", clock)
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
}

/// The last lines of a file.
#[must_use]
pub fn tail(file: &Path, lines: usize) -> String {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended by itself: then there is nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
