//! The keys and values of a registration in etcd.

use crate::{Actor, keys};
use sabakan_model::GoTime;
use serde::{Deserialize, Serialize};

/// Version of this layout that a reader must know.
pub(super) const LAYOUT: u32 = 1;

/// Machines in a part. A chunk guards and writes each of them in one transaction, which has room for 128.
pub(super) const MACHINES_PER_PART: usize = 110;

/// Bytes of a part's value; etcd takes 1.5 MiB a request.
pub(super) const BYTES_PER_PART: usize = 1_000_000;

/// Racks claimed in one transaction, two operations each at most.
pub(super) const RACKS_PER_CLAIM: usize = 60;

/// What a journal is doing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "phase")]
pub(crate) enum Phase {
    /// Its parts are being written. Only the server that opened it can go on.
    Writing,
    /// Its parts are complete: claims, then chunks, then the commit.
    Forward,
    /// A conflict was found: chunks and claims are taken back.
    Back {
        /// The conflict.
        reason: String,
        /// True when trying again may help, because only the place in the rack was lost to another.
        again: bool,
    },
}

/// The head of a journal, `neco/registrations/<id>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Header {
    /// Version of the program that wrote it.
    pub(super) writer: String,
    /// The least layout that a reader must know.
    pub(super) reader: u32,
    pub(super) opened: GoTime,
    #[serde(flatten)]
    pub(super) phase: Phase,
    pub(super) parts: u32,
    pub(super) claims: u32,
    /// Revision of the address formulas that the machines' addresses come from.
    pub(super) ipam_revision: i64,
    pub(super) user: String,
    pub(super) ip: String,
    pub(super) host: String,
    pub(super) request_id: String,
}

impl Header {
    pub(super) fn actor(&self) -> Actor {
        Actor {
            user: self.user.clone(),
            ip: self.ip.clone(),
            host: self.host.clone(),
            request_id: self.request_id.clone(),
        }
    }

    pub(super) fn with_phase(&self, phase: Phase) -> Self {
        Self { phase, ..self.clone() }
    }
}

/// What became of a registration, `neco/registration-results/<id>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) writer: String,
    pub(super) reader: u32,
    pub(super) at: GoTime,
    #[serde(flatten)]
    pub(super) result: Ending,
}

/// How a registration ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "result")]
pub(super) enum Ending {
    /// All machines are registered.
    Committed,
    /// None is.
    RolledBack {
        /// Why.
        reason: String,
        /// See [`Phase::Back`].
        again: bool,
    },
}

/// A step of a registration that was done, in the order of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// The header is there.
    Opened,
    /// So many transactions of parts are written.
    PartsWritten(u32),
    /// The parts are complete.
    Forward,
    /// The racks of a claim are taken.
    Claimed(u32),
    /// The machines of a part are stored, hidden.
    Wrote(u32),
    /// All machines are visible.
    Committed,
    /// A conflict was found.
    TurnedBack,
    /// The machines of a part are gone.
    Unwrote(u32),
    /// The racks of a claim are free.
    Unclaimed(u32),
    /// The journal is gone, nothing was registered.
    RolledBack,
}

pub(super) fn header_key(id: &str) -> String {
    format!("{}{id}", keys::REGISTRATIONS)
}

/// The prefix of everything of a journal but its header.
pub(super) fn inside(id: &str) -> String {
    format!("{}{id}/", keys::REGISTRATIONS)
}

pub(super) fn part_key(id: &str, n: u32) -> String {
    format!("{}part/{n:05}", inside(id))
}

pub(super) fn claims_prefix(id: &str) -> String {
    format!("{}claim/", inside(id))
}

pub(super) fn claim_key(id: &str, n: u32) -> String {
    format!("{}{n:05}", claims_prefix(id))
}

pub(super) fn chunks_prefix(id: &str) -> String {
    format!("{}chunk/", inside(id))
}

pub(super) fn chunk_key(id: &str, n: u32) -> String {
    format!("{}{n:05}", chunks_prefix(id))
}

pub(super) fn result_key(id: &str) -> String {
    format!("{}{id}", keys::REGISTRATION_RESULTS)
}

/// What a key below `neco/registrations/` is.
pub(crate) enum Part<'a> {
    Header(&'a str),
    Chunk(&'a str),
    Other(&'a str),
}

/// Takes the rest of a key after `neco/registrations/` apart.
pub(crate) fn part_of(rest: &str) -> Part<'_> {
    match rest.split_once('/') {
        None => Part::Header(rest),
        Some((id, inner)) if inner.starts_with("chunk/") => Part::Chunk(id),
        Some((id, _)) => Part::Other(id),
    }
}
