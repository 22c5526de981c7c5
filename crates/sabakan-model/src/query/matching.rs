//! Whether a machine matches.

use super::{Conditions, LabelExclusion, Query};
use crate::machine::{Machine, MachineSpec};
use jiff::Timestamp;

impl Query {
    /// True when `machine` is what is looked for; `now` counts for the days before its retire date.
    #[must_use]
    pub fn matches(&self, machine: &Machine, now: Timestamp) -> bool {
        self.having.all_hold(machine, now) && !self.without.any_holds(machine, self.label_exclusion, now)
    }
}

impl Conditions {
    fn all_hold(&self, machine: &Machine, now: Timestamp) -> bool {
        let (spec, state) = (&machine.spec, &machine.status.state);
        let days = |min: i64| min <= machine.days_before_retire(now);
        wanted(&self.serials, &spec.serial)
            && wanted(&self.racks, &spec.rack)
            && wanted(&self.roles, &spec.role)
            && wanted(&self.bmc_types, &spec.bmc.bmc_type)
            && wanted(&self.states, state)
            && (self.ipv4.is_empty() || has_any(&self.ipv4, ipv4_of(spec)))
            && (self.ipv6.is_empty() || has_any(&self.ipv6, ipv6_of(spec)))
            && self.labels.iter().all(|label| has_label(machine, label))
            && self.min_days_before_retire.is_none_or(days)
    }

    fn any_holds(&self, machine: &Machine, labels: LabelExclusion, now: Timestamp) -> bool {
        let (spec, state) = (&machine.spec, &machine.status.state);
        let mut found = self.labels.iter().map(|label| has_label(machine, label));
        let by_labels = match labels {
            LabelExclusion::All => !self.labels.is_empty() && found.all(|has| has),
            LabelExclusion::Any => found.any(|has| has),
        };
        let days = |min: i64| min <= machine.days_before_retire(now);
        by_labels
            || self.serials.contains(&spec.serial)
            || self.racks.contains(&spec.rack)
            || self.roles.contains(&spec.role)
            || self.bmc_types.contains(&spec.bmc.bmc_type)
            || self.states.contains(state)
            || has_any(&self.ipv4, ipv4_of(spec))
            || has_any(&self.ipv6, ipv6_of(spec))
            || self.min_days_before_retire.is_some_and(days)
    }
}

fn wanted<T: PartialEq>(values: &[T], value: &T) -> bool {
    values.is_empty() || values.contains(value)
}

fn has_any<'a>(values: &[String], mut addresses: impl Iterator<Item = &'a String>) -> bool {
    addresses.any(|address| !address.is_empty() && values.contains(address))
}

fn ipv4_of(spec: &MachineSpec) -> impl Iterator<Item = &String> {
    spec.ipv4.iter().flatten().chain(std::iter::once(&spec.bmc.ipv4))
}

fn ipv6_of(spec: &MachineSpec) -> impl Iterator<Item = &String> {
    spec.ipv6.iter().flatten().chain(std::iter::once(&spec.bmc.ipv6))
}

fn has_label(machine: &Machine, (name, value): &(String, String)) -> bool {
    machine.label(name) == Some(value.as_str())
}
