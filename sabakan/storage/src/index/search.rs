//! Finding the few machines that a search is about without looking at the others.
//!
//! Clauses narrow the machines to candidates, a superset of the answer; the query itself then decides about each. So a clause
//! may be coarse, and what has no clause is still answered correctly.

use super::clauses::{Clause, clauses};
use super::postings::intersect;
use super::{Index, MachineEntry};
use jiff::Timestamp;
use sabakan_model::Query;
use std::borrow::Cow;
use std::ops::Bound;
use std::sync::Arc;

/// With so few candidates the query itself is cheaper than another intersection.
const FEW: usize = 256;

impl Index {
    /// Machines that match, sorted by serial; `now` counts for the days before retire dates.
    #[must_use]
    pub fn search(&self, query: &Query, now: Timestamp) -> Vec<Arc<MachineEntry>> {
        if query.is_empty() {
            return self.iter().cloned().collect();
        }
        let admitted = |entry: &&Arc<MachineEntry>| query.matches(&entry.machine, now);
        match self.candidates(&clauses(query, now)) {
            None => self.iter().filter(admitted).cloned().collect(),
            Some(slots) if slots.len() > self.len() / 8 => self.walk(&slots).filter(admitted).cloned().collect(),
            Some(slots) => {
                let mut found: Vec<_> = slots
                    .iter()
                    .filter_map(|s| self.entry(*s))
                    .filter(admitted)
                    .cloned()
                    .collect();
                found.sort_unstable_by(|a, b| a.serial().cmp(b.serial()));
                found
            }
        }
    }

    /// How many machines a search looks at; `None` is all.
    #[cfg(test)]
    pub(super) fn candidate_count(&self, query: &Query, now: Timestamp) -> Option<usize> {
        self.candidates(&clauses(query, now)).map(|slots| slots.len())
    }

    /// The machines of `slots` in the order of serials, by walking all: cheaper than sorting when they are many.
    fn walk(&self, slots: &[u32]) -> impl Iterator<Item = &Arc<MachineEntry>> {
        let mut wanted = vec![false; self.slots.len()];
        for slot in slots {
            wanted[*slot as usize] = true;
        }
        self.by_serial
            .values()
            .filter(move |slot| wanted[**slot as usize])
            .filter_map(|slot| self.entry(*slot))
    }

    /// Slots among which all machines of the answer are, ascending; `None` when no clause narrows anything.
    fn candidates(&self, clauses: &[Clause]) -> Option<Cow<'_, [u32]>> {
        let mut order: Vec<_> = clauses
            .iter()
            .map(|c| (self.estimate(c), c))
            .filter(|(n, _)| *n < self.len())
            .collect();
        order.sort_by_key(|(estimate, _)| *estimate);
        let mut best: Option<Cow<'_, [u32]>> = None;
        for (_, clause) in order {
            best = Some(match best {
                None => self.slots_of(clause),
                Some(few) if few.len() <= FEW => return Some(few),
                Some(more) => Cow::Owned(intersect(&more, &self.slots_of(clause))),
            });
        }
        best
    }

    /// How many machines meet the clause, at most.
    fn estimate(&self, clause: &Clause) -> usize {
        match clause {
            Clause::Serials(serials) => serials.len(),
            Clause::AnyOf(terms) => self.postings.count(terms),
            Clause::NoneOf(_, terms) => self.len().saturating_sub(self.postings.count(terms)),
            // Counting a range costs its length, so it is given up at a quarter of all.
            Clause::RetireFrom(_) | Clause::RetireUntil(_) => {
                let limit = self.len() / 4 + 1;
                let count = self.retire_range(clause).take(limit).count();
                if count < limit { count } else { self.len() }
            }
        }
    }

    fn slots_of(&self, clause: &Clause) -> Cow<'_, [u32]> {
        match clause {
            Clause::AnyOf(terms) => self.postings.any_of(terms),
            Clause::NoneOf(facet, terms) => self.postings.others(*facet, terms),
            Clause::Serials(serials) => {
                ascending(serials.iter().filter_map(|s| self.by_serial.get(s.as_str()).copied()))
            }
            Clause::RetireFrom(_) | Clause::RetireUntil(_) => ascending(self.retire_range(clause)),
        }
    }

    fn retire_range(&self, clause: &Clause) -> impl Iterator<Item = u32> {
        let bounds = match clause {
            Clause::RetireFrom(second) => (Bound::Included((*second, 0)), Bound::Unbounded),
            Clause::RetireUntil(second) => (Bound::Unbounded, Bound::Included((*second, u32::MAX))),
            _ => (Bound::Unbounded, Bound::Unbounded),
        };
        self.by_retire.range(bounds).map(|(_, slot)| *slot)
    }
}

fn ascending(slots: impl Iterator<Item = u32>) -> Cow<'static, [u32]> {
    let mut slots: Vec<u32> = slots.collect();
    slots.sort_unstable();
    slots.dedup();
    Cow::Owned(slots)
}
