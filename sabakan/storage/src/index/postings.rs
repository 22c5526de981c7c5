//! For every value that can be searched for: which machines have it.
//!
//! A machine is a slot, a small number; a posting is a sorted list of slots. Sorted lists cost four bytes a machine, are
//! intersected in one pass, and the bulk load at start only appends to them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Bound;

/// A property by which machines are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Facet {
    Rack,
    Role,
    State,
    BmcType,
    /// `name=value`.
    Label,
    Ipv4,
    Ipv6,
}

/// A facet with one value of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Term {
    facet: Facet,
    value: Box<str>,
}

impl Term {
    pub(crate) fn new(facet: Facet, value: impl Into<Box<str>>) -> Self {
        Self {
            facet,
            value: value.into(),
        }
    }
}

/// Slots by term.
#[derive(Debug, Default)]
pub(crate) struct Postings {
    lists: BTreeMap<Term, Vec<u32>>,
}

impl Postings {
    pub(crate) fn add(&mut self, term: Term, slot: u32) {
        let list = self.lists.entry(term).or_default();
        match list.last() {
            Some(last) if *last >= slot => {
                if let Err(at) = list.binary_search(&slot) {
                    list.insert(at, slot);
                }
            }
            _ => list.push(slot),
        }
    }

    pub(crate) fn remove(&mut self, term: &Term, slot: u32) {
        let Some(list) = self.lists.get_mut(term) else { return };
        if let Ok(at) = list.binary_search(&slot) {
            list.remove(at);
        }
        if list.is_empty() {
            self.lists.remove(term);
        }
    }

    /// Who has any of `terms`.
    pub(crate) fn any_of(&self, terms: &[Term]) -> Cow<'_, [u32]> {
        union(terms.iter().filter_map(|t| self.lists.get(t)).collect())
    }

    /// Who has, in `facet`, a value that is none of `terms`; for facets of which every machine has exactly one value.
    pub(crate) fn others(&self, facet: Facet, terms: &[Term]) -> Cow<'_, [u32]> {
        union(
            self.of_facet(facet)
                .filter(|(t, _)| !terms.contains(t))
                .map(|(_, list)| list)
                .collect(),
        )
    }

    /// How many have any of `terms`, at most (one that has two is counted twice).
    pub(crate) fn count(&self, terms: &[Term]) -> usize {
        terms.iter().filter_map(|t| self.lists.get(t)).map(Vec::len).sum()
    }

    fn of_facet(&self, facet: Facet) -> impl Iterator<Item = (&Term, &Vec<u32>)> {
        let from = Term::new(facet, "");
        self.lists
            .range((Bound::Included(from), Bound::Unbounded))
            .take_while(move |(t, _)| t.facet == facet)
    }
}

/// Slots that are in any of the lists, ascending.
fn union(mut lists: Vec<&Vec<u32>>) -> Cow<'_, [u32]> {
    if lists.len() <= 1 {
        return Cow::Borrowed(lists.pop().map_or(&[], Vec::as_slice));
    }
    let mut all: Vec<u32> = lists.into_iter().flatten().copied().collect();
    all.sort_unstable();
    all.dedup();
    Cow::Owned(all)
}

/// Slots of `a` that are in `b` too. `a` should be the shorter: the cost is its length times the logarithm of `b`'s.
pub(crate) fn intersect(a: &[u32], b: &[u32]) -> Vec<u32> {
    a.iter().copied().filter(|slot| b.binary_search(slot).is_ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(value: &str) -> Term {
        Term::new(Facet::Role, value)
    }

    fn filled() -> Postings {
        let mut postings = Postings::default();
        for (value, slots) in [("cs", vec![5, 1, 3]), ("ss", vec![2]), ("boot", vec![4, 0])] {
            for slot in slots {
                postings.add(role(value), slot);
            }
        }
        postings.add(Term::new(Facet::State, "healthy"), 9);
        postings
    }

    #[test]
    fn lists_stay_sorted_without_doubles() {
        let mut postings = filled();
        postings.add(role("cs"), 3);
        assert_eq!(postings.any_of(&[role("cs")]).as_ref(), [1, 3, 5]);
        assert_eq!(
            postings.any_of(&[role("cs"), role("boot"), role("cs")]).as_ref(),
            [0, 1, 3, 4, 5]
        );
    }

    #[test]
    fn removed_slots_leave_nothing_behind() {
        let mut postings = filled();
        postings.remove(&role("ss"), 2);
        postings.remove(&role("ss"), 2);
        assert!(postings.any_of(&[role("ss")]).is_empty());
        assert!(!postings.lists.contains_key(&role("ss")));
    }

    #[test]
    fn others_stay_within_the_facet() {
        assert_eq!(filled().others(Facet::Role, &[role("cs")]).as_ref(), [0, 2, 4]);
    }

    #[test]
    fn sets_combine() {
        assert_eq!(intersect(&[1, 2, 9], &[0, 2, 3, 9]), [2, 9]);
    }
}
