//! From a query to the conditions by which the index can narrow it.

use super::label_term;
use super::postings::{Facet, Term};
use jiff::Timestamp;
use sabakan_model::Query;
use sabakan_model::query::Conditions;

/// A condition that every machine of the answer meets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Clause {
    /// Is one of these.
    Serials(Vec<String>),
    /// Has any of these.
    AnyOf(Vec<Term>),
    /// Has none of these, in a facet of which every machine has exactly one value.
    NoneOf(Facet, Vec<Term>),
    /// Retire date not before this second.
    RetireFrom(i64),
    /// Retire date not after this second.
    RetireUntil(i64),
}

/// The conditions of `query` that narrow a search. What is missing here is decided machine by machine.
pub(crate) fn clauses(query: &Query, now: Timestamp) -> Vec<Clause> {
    let (with, without) = (&query.having, &query.without);
    let mut clauses: Vec<_> = with
        .labels
        .iter()
        .map(|(n, v)| Clause::AnyOf(vec![label_term(n, v)]))
        .collect();
    if !with.serials.is_empty() {
        clauses.push(Clause::Serials(with.serials.clone()));
    }
    let addresses = [terms(Facet::Ipv4, &with.ipv4), terms(Facet::Ipv6, &with.ipv6)];
    clauses.extend(
        single_valued(with)
            .into_iter()
            .chain(addresses)
            .filter_map(|(_, t)| t)
            .map(Clause::AnyOf),
    );
    let none_of = |(facet, terms): (_, Option<_>)| terms.map(|t| Clause::NoneOf(facet, t));
    clauses.extend(single_valued(without).into_iter().filter_map(none_of));
    clauses.extend(
        with.min_days_before_retire
            .map(|days| Clause::RetireFrom(second_near(now, days, -1))),
    );
    clauses.extend(
        without
            .min_days_before_retire
            .map(|days| Clause::RetireUntil(second_near(now, days, 1))),
    );
    clauses
}

/// The second that lies `days` after `now`, moved by a day and a minute to the side of `slack`: days are rounded, and what
/// is taken too many here is decided machine by machine.
fn second_near(now: Timestamp, days: i64, slack: i64) -> i64 {
    let days = days.saturating_add(slack);
    days.saturating_mul(86_400)
        .saturating_add(now.as_second())
        .saturating_add(slack * 60)
}

/// The facets of which every machine has exactly one value, with the values asked for.
fn single_valued(of: &Conditions) -> [(Facet, Option<Vec<Term>>); 4] {
    let states: Vec<_> = of.states.iter().map(|s| s.as_str().to_owned()).collect();
    let racks: Vec<_> = of.racks.iter().map(u64::to_string).collect();
    [
        terms(Facet::Rack, &racks),
        terms(Facet::Role, &of.roles),
        terms(Facet::State, &states),
        terms(Facet::BmcType, &of.bmc_types),
    ]
}

/// One term for each value, without doubles; `None` when there is no condition.
fn terms(facet: Facet, values: &[String]) -> (Facet, Option<Vec<Term>>) {
    let mut terms: Vec<_> = values.iter().map(|v| Term::new(facet, v.as_str())).collect();
    terms.sort_unstable();
    terms.dedup();
    (facet, (!terms.is_empty()).then_some(terms))
}
