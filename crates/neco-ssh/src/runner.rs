//! What it is to run a command on a node, whatever the way there.

use crate::error::Error;
use bytes::Bytes;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A node, and whom to be there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeAddress {
    /// IPv4 or IPv6 address, or a host name.
    pub address: String,
    /// User to log in as.
    pub user: String,
}

impl NodeAddress {
    /// A node of that address, as that user.
    pub fn new(address: impl Into<String>, user: impl Into<String>) -> Self {
        Self {
            address: address.into(),
            user: user.into(),
        }
    }
}

impl fmt::Display for NodeAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.user, self.address)
    }
}

/// What a command that ended by itself left.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Output {
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
    /// Exit status, 0 to 255.
    pub status: u32,
}

impl Output {
    /// The output of a command that wrote this and ended well.
    pub fn of(stdout: impl Into<Vec<u8>>) -> Self {
        Self {
            stdout: stdout.into(),
            ..Self::default()
        }
    }

    /// The same where the command ended well.
    ///
    /// # Errors
    /// [`Error::Failed`] with the end of what it wrote to standard error, where it did not.
    pub fn successful(self, node: &NodeAddress) -> Result<Self, Error> {
        if self.status == 0 {
            return Ok(self);
        }
        let words = if self.stderr.is_empty() {
            &self.stdout
        } else {
            &self.stderr
        };
        Err(Error::Failed {
            node: node.address.clone(),
            status: self.status,
            words: tail(words),
        })
    }
}

/// Longest part of a command's words that an error carries, in bytes.
const TAIL: usize = 1000;

/// The end of what a command said, in one line.
pub(crate) fn tail(words: &[u8]) -> String {
    let end = words.get(words.len().saturating_sub(TAIL)..).unwrap_or_default();
    let text = String::from_utf8_lossy(end);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if lines.is_empty() {
        "it said nothing".to_owned()
    } else {
        lines.join(" | ")
    }
}

/// Runs commands on nodes.
pub trait Runner: Send + Sync {
    /// Runs `command` in the login shell of the node's user, with `stdin` as its input (none: it is empty), and gives what it
    /// wrote, whatever its exit status.
    ///
    /// The deadline covers all that the node makes one wait for, from connecting to the end of the command; a command
    /// that is late is told to end, and may go on all the same.
    ///
    /// Errors ([`Error`]) are all that keeps a command from ending by itself: no connection, no time, a signal, too much output.
    fn run(
        &self,
        node: &NodeAddress,
        command: &str,
        stdin: Option<Bytes>,
        deadline: Duration,
    ) -> impl Future<Output = Result<Output, Error>> + Send;
}

impl<R: Runner> Runner for &R {
    fn run(
        &self,
        node: &NodeAddress,
        command: &str,
        stdin: Option<Bytes>,
        deadline: Duration,
    ) -> impl Future<Output = Result<Output, Error>> + Send {
        (**self).run(node, command, stdin, deadline)
    }
}

impl<R: Runner> Runner for Arc<R> {
    fn run(
        &self,
        node: &NodeAddress,
        command: &str,
        stdin: Option<Bytes>,
        deadline: Duration,
    ) -> impl Future<Output = Result<Output, Error>> + Send {
        (**self).run(node, command, stdin, deadline)
    }
}

#[cfg(test)]
mod tests;
