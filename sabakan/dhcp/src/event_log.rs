//! The history of what this server told its clients: JSON lines for the history checker, and for whoever has to find
//! out who had which address when.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::net::Ipv4Addr;
use std::path::Path;

use jiff::Timestamp;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum What {
    /// An address was offered.
    Offer,
    /// It is the client's for `seconds`.
    Ack,
    /// The client was refused.
    Nak,
    /// The client gave it back.
    Release,
    /// The client found it in use.
    Decline,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedEvent {
    /// The server's clock.
    pub at: Timestamp,
    /// The host's time since boot in nanoseconds, which no clock setting moves.
    pub uptime_ns: i64,
    /// When the packet was taken in, by the same clock: a client counts its lease from when it asked.
    pub asked_ns: i64,
    /// The server.
    pub server: String,
    /// What happened.
    pub what: What,
    /// The client.
    pub mac: String,
    /// The address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Ipv4Addr>,
    /// The lease time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u32>,
    /// The client's transaction.
    pub xid: u32,
    /// Acknowledged from memory, with etcd away.
    #[serde(default)]
    pub from_memory: bool,
}

/// The file.
#[derive(Debug)]
pub struct EventLog(Mutex<File>);

impl EventLog {
    /// Opens it for appending.
    ///
    /// # Errors
    /// The system's.
    pub fn open(path: &Path) -> io::Result<EventLog> {
        Ok(EventLog(Mutex::new(
            OpenOptions::new().create(true).append(true).open(path)?,
        )))
    }

    /// Appends a line before the packet leaves, so that no acknowledgement is missing after a crash.
    ///
    /// # Errors
    /// The system's: a full disk loses lines, not replies.
    pub fn write(&self, event: &LoggedEvent) -> io::Result<()> {
        let mut line = serde_json::to_vec(event)?;
        line.push(b'\n');
        self.0.lock().write_all(&line)
    }
}

/// The host's time since boot.
#[must_use]
pub fn uptime_ns() -> i64 {
    let now = nix::time::clock_gettime(nix::time::ClockId::CLOCK_MONOTONIC);
    now.map_or(0, |now| {
        now.tv_sec().saturating_mul(1_000_000_000).saturating_add(now.tv_nsec())
    })
}
