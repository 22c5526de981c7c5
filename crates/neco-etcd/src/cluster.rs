//! Noticing that etcd is not the same history any more: a cluster restored from a backup goes back in time.
//!
//! Linearizable answers never go back: one that was asked for after another was received shows at least its revision
//! and term. Where it does not, or the cluster's ID is another one, the history was replaced.

#[cfg(test)]
mod tests;

use std::sync::Mutex;

use etcd_client::ResponseHeader;
use tokio::sync::watch;

/// What the header of an answer says about the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Header {
    pub(crate) cluster_id: u64,
    pub(crate) member_id: u64,
    pub(crate) revision: i64,
    pub(crate) raft_term: u64,
}

impl Header {
    pub(crate) fn of(header: Option<&ResponseHeader>) -> Header {
        header.map_or_else(Header::default, |h| Header {
            cluster_id: h.cluster_id(),
            member_id: h.member_id(),
            revision: h.revision(),
            raft_term: h.raft_term(),
        })
    }

    /// Whether `self`, asked for after `before` was received, cannot be of the same history.
    fn contradicts(self, before: Header) -> bool {
        before.cluster_id != 0
            && (self.cluster_id != before.cluster_id
                || self.revision < before.revision
                || self.raft_term < before.raft_term)
    }
}

/// The newest that linearizable answers have shown, and how often the history was replaced.
#[derive(Debug, Default)]
pub(crate) struct Cluster {
    newest: Mutex<(u64, Header)>,
    replaced: watch::Sender<u64>,
}

impl Cluster {
    /// What is known before a request is sent; give it to [`Cluster::observe`] with the answer.
    pub(crate) fn known(&self) -> (u64, Header) {
        *self.newest.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// Takes in the header of a linearizable answer.
    pub(crate) fn observe(&self, known: (u64, Header), answer: Header) {
        if answer.cluster_id == 0 {
            return; // an answer without a header says nothing
        }
        let mut newest = self.newest.lock().unwrap_or_else(|e| e.into_inner());
        if newest.0 != known.0 {
            return; // asked before the last replacement: it says nothing about the new history
        }
        if !answer.contradicts(known.1) {
            newest.1 = Header {
                revision: answer.revision.max(newest.1.revision),
                raft_term: answer.raft_term.max(newest.1.raft_term),
                ..answer
            };
            return;
        }
        *newest = (known.0 + 1, answer);
        tracing::warn!(before = ?known.1, now = ?answer, "etcd's history was replaced: restored from a backup?");
        self.replaced.send_replace(known.0 + 1);
    }

    /// Counts replacements of the history.
    pub(crate) fn replacements(&self) -> watch::Receiver<u64> {
        self.replaced.subscribe()
    }
}
