//! A machine's serial console: everything it said so far, to be searched and waited on, and a way to type.

use std::io::{Read, Write};
use std::process::{ChildStdin, ChildStdout};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// The console; clones show the same one.
#[derive(Clone, Debug, Default)]
pub struct Console {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    bytes: Vec<u8>,
    input: Option<ChildStdin>,
    closed: bool,
}

impl Console {
    /// All that was said, without terminal control sequences and carriage returns.
    #[must_use]
    pub fn text(&self) -> String {
        plain(&self.state().bytes)
    }

    /// The last `count` lines.
    #[must_use]
    pub fn tail(&self, count: usize) -> String {
        let text = self.text();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(count)..].join("\n")
    }

    /// The lines that contain `text`.
    #[must_use]
    pub fn lines_with(&self, text: &str) -> Vec<String> {
        self.text()
            .lines()
            .filter(|line| line.contains(text))
            .map(str::to_owned)
            .collect()
    }

    /// Waits until the console has `text`.
    ///
    /// # Errors
    /// When it does not come in time or the machine stops before; the error ends with the last lines.
    pub fn wait_for(&self, text: &str, limit: Duration) -> Result<()> {
        let end = Instant::now() + limit;
        let mut state = self.state();
        loop {
            if plain(&state.bytes).contains(text) {
                return Ok(());
            }
            let closed = state.closed;
            let left = end.saturating_duration_since(Instant::now());
            if closed || left.is_zero() {
                drop(state);
                let why = if closed {
                    "the machine stopped".to_owned()
                } else {
                    format!("{limit:?} are over")
                };
                bail!("console never said {text:?}: {why}; it ends with\n{}", self.tail(30));
            }
            state = self.wait(state, left);
        }
    }

    /// Types a line and the return key.
    ///
    /// # Errors
    /// When the machine is off.
    pub fn type_line(&self, line: &str) -> Result<()> {
        let mut state = self.state();
        let input = state.input.as_mut().context("the machine is off")?;
        input.write_all(line.as_bytes())?;
        input.write_all(b"\n")?;
        input.flush().context("typing at the console")
    }

    pub(super) fn attach_input(&self, input: Option<ChildStdin>) {
        self.state().input = input;
    }

    pub(super) fn push(&self, bytes: &[u8]) {
        self.state().bytes.extend_from_slice(bytes);
        self.shared.changed.notify_all();
    }

    pub(super) fn copy_from(&self, mut output: ChildStdout) {
        let mut buffer = [0; 4096];
        while let Ok(count) = output.read(&mut buffer) {
            if count == 0 {
                return;
            }
            self.push(&buffer[..count]);
        }
    }

    pub(super) fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        state.input = None;
        self.shared.changed.notify_all();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.state().closed
    }

    /// Waits for the end of the machine; says whether it came.
    pub(super) fn wait_closed(&self, limit: Duration) -> bool {
        let end = Instant::now() + limit;
        let mut state = self.state();
        while !state.closed {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = self.wait(state, left);
        }
        true
    }

    #[allow(clippy::print_stderr, reason = "shown with a test that failed")]
    pub(super) fn print_tail(&self, serial: &str) {
        eprintln!("console of machine {serial}, last lines:\n{}", self.tail(60));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared
            .state
            .lock()
            .expect("console: a holder of the lock panicked")
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>, limit: Duration) -> MutexGuard<'a, State> {
        self.shared
            .changed
            .wait_timeout(state, limit)
            .expect("console: a holder of the lock panicked")
            .0
    }
}

/// Takes escape sequences (firmware positions every character) and carriage returns out.
#[must_use]
pub fn plain(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\r' => {}
            '\u{1b}' => {
                if characters.next() == Some('[') {
                    // A sequence ends with its first letter.
                    characters.by_ref().find(char::is_ascii_alphabetic);
                }
            }
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn control_sequences_are_taken_out() {
        assert_eq!(plain(b"\x1b[2J\x1b[01;01HBdsDxe\r\n\x1b[0mok"), "BdsDxe\nok");
        assert_eq!(plain(b"cut off \x1b[3"), "cut off ");
    }
}
