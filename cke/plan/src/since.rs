//! Since when something waits for the same reason.
//!
//! A decision knows the present only; whoever decides again and again carries this from one decision to the next, and from one leader to
//! the next. A wait that goes away and comes back begins anew.

#[cfg(test)]
mod tests;

use crate::plan::{Plan, Subject, Wait};
use crate::wait::WaitReason;
use gojson::GoTime;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Since when each wait holds, by what waits and the name of the reason. As data it is [`Groups`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Groups", into = "Groups")]
pub struct WaitsSince(BTreeMap<(Subject, String), GoTime>);

/// All that waits, as it is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Groups {
    /// By reason and beginning.
    pub waits: Vec<Group>,
}

/// What has waited for the same reason since the same moment: a rack that is lost is one entry, however many nodes it has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Name of the reason.
    pub guard: String,
    /// Since when.
    pub since: GoTime,
    /// What waits.
    pub subjects: Vec<Subject>,
}

impl WaitsSince {
    /// From what held before this plan was made to what holds with it.
    ///
    /// A reason that knows its own beginning is believed. Otherwise it is the first sight that counts: what is known from before stays, but
    /// never lies in the future, where the clock of another server has been.
    #[must_use]
    pub fn carry(&self, plan: &Plan, now: GoTime) -> WaitsSince {
        let known = |wait: &Wait| match beginning(&wait.reason) {
            Some(since) => since,
            None => self.of(wait).map_or(now, |since| earlier(since, now)),
        };
        let mut carried = BTreeMap::new();
        for wait in &plan.waits {
            let since = known(wait);
            let kept = carried.entry(key(wait)).or_insert(since);
            *kept = earlier(*kept, since);
        }
        WaitsSince(carried)
    }

    /// Since when this wait holds, where that is known.
    #[must_use]
    pub fn of(&self, wait: &Wait) -> Option<GoTime> {
        self.0.get(&key(wait)).copied()
    }

    /// All of it: what waits, the name of the reason, since when.
    pub fn iter(&self) -> impl Iterator<Item = (&Subject, &str, GoTime)> {
        let waits = self.0.iter();
        waits.map(|((subject, guard), since)| (subject, guard.as_str(), *since))
    }

    /// The same with no more than so many waits, the longest ones.
    #[must_use]
    pub fn longest(&self, most: usize) -> WaitsSince {
        let mut waits: Vec<_> = self.0.iter().collect();
        waits.sort_by_key(|(_, since)| since.instant());
        let kept = waits.into_iter().take(most);
        WaitsSince(kept.map(|(key, since)| (key.clone(), *since)).collect())
    }
}

fn key(wait: &Wait) -> (Subject, String) {
    (wait.subject.clone(), wait.reason.name().to_owned())
}

fn earlier(one: GoTime, other: GoTime) -> GoTime {
    if other.instant() < one.instant() { other } else { one }
}

/// When the reason itself says that it began.
fn beginning(reason: &WaitReason) -> Option<GoTime> {
    match reason {
        WaitReason::Frozen { since, .. }
        | WaitReason::Draining { since, .. }
        | WaitReason::Rebooting { since, .. }
        | WaitReason::Watching { since, .. } => Some(*since),
        _ => None,
    }
}

impl From<Groups> for WaitsSince {
    fn from(groups: Groups) -> Self {
        let waits = groups.waits.into_iter().flat_map(|group| {
            let (guard, since) = (group.guard, group.since);
            let subjects = group.subjects.into_iter();
            subjects.map(move |subject| ((subject, guard.clone()), since))
        });
        Self(waits.collect())
    }
}

impl From<WaitsSince> for Groups {
    fn from(waits: WaitsSince) -> Self {
        let mut groups: BTreeMap<(String, jiff::Timestamp), Group> = BTreeMap::new();
        for ((subject, guard), since) in waits.0 {
            let group = groups.entry((guard.clone(), since.instant())).or_insert_with(|| Group {
                guard,
                since,
                subjects: Vec::new(),
            });
            group.subjects.push(subject);
        }
        Groups {
            waits: groups.into_values().collect(),
        }
    }
}
