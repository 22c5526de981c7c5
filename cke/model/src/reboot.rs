//! Entries of the reboot queue, stored under `reboots/data/`.

use crate::cluster::{Cluster, Node};
use gojson::{GoTime, StringInt};
use std::collections::{BTreeMap, BTreeSet};

words! {
    /// How far a reboot is.
    pub enum RebootStatus {
        /// It waits for its turn.
        Queued = "queued",
        /// Pods are being evicted.
        Draining = "draining",
        /// The reboot command ran; the node has not booted yet.
        Rebooting = "rebooting",
        /// Somebody asked to take it out.
        Cancelled = "cancelled",
    }
}

record! {
    /// A node that is to be rebooted.
    pub struct RebootEntry {
        /// Place in the queue.
        "index" index: StringInt,
        /// Address of the node.
        "node" node: String,
        /// How far it is.
        "status" status: RebootStatus,
        /// When the status changed last.
        "last_transition_time" last_transition_time: GoTime,
        /// How often a drain was given up.
        "drain_backoff_count" (omitempty) drain_backoff_count: i64,
        /// No drain before this time.
        "drain_backoff_expire" drain_backoff_expire: GoTime,
    }
}

impl RebootEntry {
    /// A new entry; its index is given when it is stored.
    #[must_use]
    pub fn new(node: &str) -> Self {
        Self {
            node: node.to_owned(),
            status: RebootStatus::Queued,
            ..Self::default()
        }
    }

    /// Whether the node is in the cluster.
    #[must_use]
    pub fn is_member(&self, cluster: &Cluster) -> bool {
        cluster.node(&self.node).is_some()
    }
}

/// The first entry of each node, in the order given.
#[must_use]
pub fn first_of_each_node(entries: &[RebootEntry]) -> Vec<&RebootEntry> {
    let mut seen = BTreeSet::new();
    entries.iter().filter(|e| seen.insert(e.node.as_str())).collect()
}

/// How many entries there are of each status; known statuses are there with 0.
#[must_use]
pub fn count(entries: &[RebootEntry]) -> BTreeMap<String, usize> {
    crate::count_words(RebootStatus::ALL, entries.iter().map(|e| &e.status))
}

/// For each node name: for each status, whether an entry of that node has it. Entries of nodes that are not in the cluster
/// any more are left out.
#[must_use]
pub fn by_node(nodes: &[Node], entries: &[RebootEntry]) -> BTreeMap<String, BTreeMap<String, bool>> {
    let statuses = || RebootStatus::ALL.iter().map(|s| (s.to_string(), false)).collect();
    let mut all: BTreeMap<String, BTreeMap<String, bool>> =
        nodes.iter().map(|n| (n.nodename().to_owned(), statuses())).collect();
    let names: BTreeMap<&str, &str> = nodes.iter().map(|n| (n.address.as_str(), n.nodename())).collect();
    for entry in entries {
        let node = names.get(entry.node.as_str()).and_then(|name| all.get_mut(*name));
        node.and_then(|statuses| statuses.insert(entry.status.to_string(), true));
    }
    all
}
