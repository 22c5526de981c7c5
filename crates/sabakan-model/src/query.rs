//! Search for machines.
//!
//! All conditions must hold. Inside one field values are alternatives, except for labels, which must all be there. The
//! `without` side removes machines: by any of its values, except for labels, where REST asks for all of them and GraphQL
//! for any ([`LabelExclusion`]).

mod matching;
mod parse;

use crate::MachineState;

pub use parse::{MAX_QUERY, QueryError};

/// Values to look for, one list a field; an empty list is no condition.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Conditions {
    /// Serials.
    pub serials: Vec<String>,
    /// Labels as name and value.
    pub labels: Vec<(String, String)>,
    /// Logical rack numbers.
    pub racks: Vec<u64>,
    /// Roles.
    pub roles: Vec<String>,
    /// IPv4 addresses of the system or of the BMC.
    pub ipv4: Vec<String>,
    /// IPv6 addresses of the system or of the BMC.
    pub ipv6: Vec<String>,
    /// BMC types.
    pub bmc_types: Vec<String>,
    /// States.
    pub states: Vec<MachineState>,
    /// Whole days until the retire date, at least (GraphQL only).
    pub min_days_before_retire: Option<i64>,
}

/// How several labels on the `without` side remove a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LabelExclusion {
    /// When it has all of them, as REST does.
    #[default]
    All,
    /// When it has any of them, as GraphQL does.
    Any,
}

/// A search.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    /// What a machine must have.
    pub having: Conditions,
    /// What a machine must not have.
    pub without: Conditions,
    /// How labels of `without` count.
    pub label_exclusion: LabelExclusion,
}

impl Query {
    /// True when every machine matches.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.having == Conditions::default() && self.without == Conditions::default()
    }
}

#[cfg(test)]
mod tests;
