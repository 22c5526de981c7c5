//! Why nothing happens to a node or an entry now, or what does.

use crate::decide::decide;
use crate::desired::Desired;
use crate::plan::{Subject, Wait};
use crate::touched;
use cke_model::{Observed, Operation, Phase};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// What a decision means for one thing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// What was asked about.
    pub subject: Subject,
    /// What the leader is at.
    pub phase: Phase,
    /// Names of the operations that are done on it now.
    pub operations: Vec<String>,
    /// What holds it, and what holds everything.
    pub waits: Vec<Wait>,
}

/// There is no such thing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not known")]
pub struct Unknown(pub Subject);

/// Explains what is done with a thing now, and why no more.
///
/// # Errors
/// When there is no such node, entry or resource.
pub fn explain(
    desired: &Desired,
    observed: &Observed,
    subject: &Subject,
    now: Timestamp,
) -> Result<Explanation, Unknown> {
    let about = About::new(desired, observed, subject).ok_or_else(|| Unknown(subject.clone()))?;
    let plan = decide(desired, observed, now);
    let operations = plan
        .operations
        .iter()
        .filter(|operation| about.is_touched_by(operation));
    let operations = operations.map(|operation| operation.name.clone()).collect();
    let waits = plan
        .waits
        .into_iter()
        .filter(|wait| about.is_held_by(&wait.subject))
        .collect();
    Ok(Explanation {
        subject: subject.clone(),
        phase: plan.phase,
        operations,
        waits,
    })
}

/// A thing with the names that others know it by.
struct About<'a> {
    subject: &'a Subject,
    /// Address and name of its node.
    node: Vec<&'a str>,
    /// Entries of both queues for its node.
    entries: Vec<Subject>,
}

impl<'a> About<'a> {
    fn new(desired: &'a Desired, observed: &'a Observed, subject: &'a Subject) -> Option<Self> {
        let (reboots, repairs) = (&observed.reboots.entries, &observed.repairs.entries);
        let name = match subject {
            Subject::Node(name) => name,
            Subject::Reboot(index) => &reboots.iter().find(|entry| entry.index.0 == *index)?.node,
            Subject::Repair(index) => &repairs.iter().find(|entry| entry.index.0 == *index)?.address,
            Subject::Cluster | Subject::Operation { .. } | Subject::Resource(_) => {
                return Some(Self {
                    subject,
                    node: Vec::new(),
                    entries: Vec::new(),
                });
            }
        };
        let node = desired
            .cluster
            .nodes
            .iter()
            .find(|n| n.address == *name || n.nodename() == name);
        let stranger = observed.kubernetes.nodes.iter().any(|n| n.name == *name);
        if node.is_none() && !stranger && matches!(subject, Subject::Node(_)) {
            return None;
        }
        let node = node.map_or_else(|| vec![name.as_str()], |n| vec![n.address.as_str(), n.nodename()]);
        let ours = |address: &String| matches!(subject, Subject::Node(_)) && node.contains(&address.as_str());
        let reboots = reboots
            .iter()
            .filter(|e| ours(&e.node))
            .map(|e| Subject::Reboot(e.index.0));
        let repairs = repairs
            .iter()
            .filter(|e| ours(&e.address))
            .map(|e| Subject::Repair(e.index.0));
        let entries = reboots.chain(repairs).collect();
        Some(Self { subject, node, entries })
    }

    fn is_held_by(&self, other: &Subject) -> bool {
        match other {
            Subject::Cluster => true,
            Subject::Node(name) => self.node.contains(&name.as_str()),
            Subject::Operation { targets, .. } => targets.iter().any(|name| self.node.contains(&name.as_str())),
            other => other == self.subject || self.entries.contains(other),
        }
    }

    fn is_touched_by(&self, operation: &Operation) -> bool {
        match self.subject {
            Subject::Cluster | Subject::Operation { .. } => true,
            Subject::Node(_) => touched::nodes(operation).iter().any(|name| self.node.contains(name)),
            Subject::Reboot(index) => {
                actions(operation).any(|action| touched::reboots(action).iter().any(|entry| entry.index.0 == *index))
            }
            Subject::Repair(index) => {
                actions(operation).any(|action| touched::repair(action).is_some_and(|(other, _)| other == *index))
            }
            Subject::Resource(key) => actions(operation).any(|action| applies(action, key)),
        }
    }
}

fn actions(operation: &Operation) -> impl Iterator<Item = &cke_model::Action> {
    operation.steps.iter().map(|step| &step.action)
}

fn applies(action: &cke_model::Action, key: &str) -> bool {
    matches!(action, cke_model::Action::KubeApply { resource, .. } if resource.key == key)
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}, while the leader is at {}:", self.subject, self.phase)?;
        self.operations
            .iter()
            .try_for_each(|name| writeln!(f, "- {name} is done now"))?;
        self.waits.iter().try_for_each(|wait| writeln!(f, "- {wait}"))?;
        if self.operations.is_empty() && self.waits.is_empty() {
            writeln!(f, "- nothing is to be done")?;
        }
        Ok(())
    }
}

/// A text that names nothing to explain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is neither a node, nor an entry like `reboot/3` or `repair/3`, nor the key of a resource")]
pub struct NoSubject(String);

impl FromStr for Subject {
    type Err = NoSubject;

    /// `cluster`, `reboot/INDEX`, `repair/INDEX`, `Kind/NAME`, `Kind/NAMESPACE/NAME`, or else a node.
    fn from_str(text: &str) -> Result<Self, NoSubject> {
        let index = |index: &str| index.parse().map_err(|_| NoSubject(text.to_owned()));
        match text.split_once('/') {
            Some(("reboot", number)) => Ok(Self::Reboot(index(number)?)),
            Some(("repair", number)) => Ok(Self::Repair(index(number)?)),
            Some((kind, _)) if kind.starts_with(char::is_uppercase) => Ok(Self::Resource(text.to_owned())),
            Some(_) => Err(NoSubject(text.to_owned())),
            None if text.is_empty() || text == "cluster" => Ok(Self::Cluster),
            None => Ok(Self::Node(text.to_owned())),
        }
    }
}
