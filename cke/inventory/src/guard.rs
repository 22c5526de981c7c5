//! What stands between an inventory that shrank and nodes that are removed.
//!
//! A node is removed with its disks' data when the inventory does not list its machine any more. An inventory that is restored, filtered
//! wrongly or half read must not do that to a cluster, so:
//!
//! - an empty answer changes nothing;
//! - a machine is gone only when two full answers in a row lack it;
//! - at most a part of the cluster goes at once (a tenth; one node in any case).

use crate::machine::Machine;
use cke_model::Cluster;
use std::collections::{BTreeSet, HashSet};

/// The part of the cluster that may be gone at once, in per cent.
pub const MOST_GONE_PERCENT: u8 = 10;

/// What earlier answers said. It begins empty with each leader: then nothing is gone before the second answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sightings {
    /// Addresses of nodes whose machines the last full answer lacked.
    missing: BTreeSet<String>,
}

/// Why an answer is not acted upon.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No machine at all.
    #[error("sabakan lists no machine: nothing is changed")]
    Empty,
    /// The first answer without some machines.
    #[error("sabakan does not list {} any more: the next answer decides", .0.join(", "))]
    NotConfirmed(Vec<String>),
    /// More machines are gone than may be.
    #[error(
        "sabakan does not list {gone} of the {nodes} nodes any more ({}), and at most {allowed} may go at once: correct the inventory or \
         the query's variables, or raise the limit", shortened(.examples)
    )]
    TooMany {
        /// How many nodes have no machine.
        gone: usize,
        /// How many nodes there are.
        nodes: usize,
        /// How many may go at once.
        allowed: usize,
        /// The first addresses of them.
        examples: Vec<String>,
    },
}

/// How many addresses a message names.
const EXAMPLES: usize = 5;

fn shortened(addresses: &[String]) -> String {
    let more = if addresses.len() < EXAMPLES { "" } else { ", ..." };
    addresses.join(", ") + more
}

/// Judges a full answer, and gives what is to be remembered for the next one.
///
/// # Errors
/// Why nothing may be changed because of this answer.
pub fn check(
    cluster: Option<&Cluster>,
    machines: &[Machine],
    before: &Sightings,
    most_gone_percent: u8,
) -> (Sightings, Result<(), Refusal>) {
    if machines.is_empty() {
        return (before.clone(), Err(Refusal::Empty));
    }
    let listed: HashSet<_> = machines.iter().filter_map(Machine::address).collect();
    let nodes = cluster.map_or(&[][..], |cluster| &cluster.nodes);
    let addresses = nodes.iter().map(|node| &node.address);
    let missing: BTreeSet<_> = addresses.filter(|a| !listed.contains(a.as_str())).cloned().collect();
    let judgement = judge(&missing, &before.missing, nodes.len(), most_gone_percent);
    (Sightings { missing }, judgement)
}

fn judge(missing: &BTreeSet<String>, before: &BTreeSet<String>, nodes: usize, percent: u8) -> Result<(), Refusal> {
    let allowed = (nodes * usize::from(percent) / 100).max(1);
    if missing.len() > allowed {
        let examples = missing.iter().take(EXAMPLES).cloned().collect();
        return Err(Refusal::TooMany {
            gone: missing.len(),
            nodes,
            allowed,
            examples,
        });
    }
    let news: Vec<_> = missing.difference(before).cloned().collect();
    if news.is_empty() {
        Ok(())
    } else {
        Err(Refusal::NotConfirmed(news))
    }
}
