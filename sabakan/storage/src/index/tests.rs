#![allow(clippy::unwrap_used, reason = "tests")]
//! The index against the query itself, machine by machine.

use super::*;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use sabakan_model::query::{Conditions, LabelExclusion};
use sabakan_model::{Bmc, GoTime, MachineSpec, MachineState, MachineStatus, Query};

fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

fn state() -> impl Strategy<Value = MachineState> {
    prop::sample::select(MachineState::ALL.to_vec())
}

fn role() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["cs", "ss", "boot"]).prop_map(str::to_owned)
}

fn label() -> impl Strategy<Value = (String, String)> {
    ("[ab]", "[xy]?")
}

fn address() -> impl Strategy<Value = String> {
    (0..6u8).prop_map(|n| format!("10.0.0.{n}"))
}

prop_compose! {
    fn machine()(
        serial in 0..40u8, rack in 0..4u64, role in role(), state in state(),
        labels in prop::option::of(prop::collection::btree_map("[ab]", "[xy]?", 0..3)),
        ipv4 in prop::option::of(prop::collection::vec(address(), 0..3)),
        bmc in prop::option::of(address()), bmc_type in "[tu]", hours in -100..100i64,
    ) -> Machine {
        let retire_date = GoTime::utc(now() + SignedDuration::from_hours(hours));
        let bmc = Bmc { ipv4: bmc.unwrap_or_default(), bmc_type, ..Bmc::default() };
        let spec = MachineSpec { serial: format!("m{serial:02}"), rack, role, labels, ipv4, bmc, retire_date, ..MachineSpec::default() };
        Machine { spec, status: MachineStatus { state, ..MachineStatus::default() }, ..Machine::default() }
    }
}

prop_compose! {
    fn conditions()(
        serials in prop::collection::vec((0..40u8).prop_map(|n| format!("m{n:02}")), 0..3),
        labels in prop::collection::vec(label(), 0..2), racks in prop::collection::vec(0..5u64, 0..3),
        roles in prop::collection::vec(role(), 0..3), ipv4 in prop::collection::vec(address(), 0..2),
        bmc_types in prop::collection::vec("[tu]", 0..2), states in prop::collection::vec(state(), 0..4),
        days in prop::option::of(-4..4i64), used in any::<[bool; 8]>(),
    ) -> Conditions {
        fn keep<T>(used: bool, list: Vec<T>) -> Vec<T> { if used { list } else { Vec::new() } }
        Conditions {
            serials: keep(used[0] && used[1], serials), labels: keep(used[1], labels), racks: keep(used[2], racks),
            roles: keep(used[3], roles), ipv4: keep(used[4] && used[0], ipv4), ipv6: Vec::new(),
            bmc_types: keep(used[5], bmc_types), states: keep(used[6], states),
            min_days_before_retire: days.filter(|_| used[7]),
        }
    }
}

fn query() -> impl Strategy<Value = Query> {
    (conditions(), conditions(), any::<bool>()).prop_map(|(having, without, any)| Query {
        having,
        without,
        label_exclusion: if any { LabelExclusion::Any } else { LabelExclusion::All },
    })
}

/// Machines come, change and go; what is left is a map by serial.
fn build(changes: &[(bool, Machine)]) -> (Index, BTreeMap<String, Machine>) {
    let (mut index, mut model) = (Index::default(), BTreeMap::new());
    for (n, (remove, machine)) in changes.iter().enumerate() {
        let serial = machine.spec.serial.clone();
        if *remove {
            index.remove(&serial);
            model.remove(&serial);
        } else {
            let revision = i64::try_from(n).unwrap();
            index.insert(Arc::new(
                MachineEntry::new(machine.clone(), revision, revision).unwrap(),
            ));
            model.insert(serial, machine.clone());
        }
    }
    (index, model)
}

proptest! {
    #[test]
    fn s15_s16_a_search_finds_what_the_query_matches(
        changes in prop::collection::vec((prop::bool::weighted(0.2), machine()), 0..80),
        queries in prop::collection::vec(query(), 1..8),
    ) {
        let (index, model) = build(&changes);
        for query in queries {
            let found: Vec<_> = index.search(&query, now()).iter().map(|m| m.serial().to_owned()).collect();
            let want: Vec<_> = model.values().filter(|m| query.matches(m, now())).map(|m| m.spec.serial.clone()).collect();
            prop_assert_eq!(found, want, "{:?}", query);
        }
        prop_assert_eq!(index.len(), model.len());
    }
}

#[test]
fn s15_the_cost_follows_the_result() {
    let mut index = Index::default();
    for n in 0..20_000u64 {
        let spec = MachineSpec {
            serial: format!("m{n:05}"),
            rack: n / 28,
            role: "cs".to_owned(),
            ..MachineSpec::default()
        };
        let machine = Machine {
            spec,
            ..Machine::default()
        };
        index.insert(Arc::new(MachineEntry::new(machine, 1, 1).unwrap()));
    }
    let query = Query::parse("rack=7&role=cs&state=uninitialized").unwrap();
    assert_eq!(index.candidate_count(&query, now()), Some(28));
    let query = Query::parse("without-role=cs").unwrap();
    assert_eq!(index.candidate_count(&query, now()), Some(0));
    assert_eq!(index.search(&Query::parse("rack=7").unwrap(), now()).len(), 28);
}
