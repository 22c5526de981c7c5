//! Whole racks: how workers of several roles and control planes are spread, and how long it takes.

use super::{machine, now, template};
use crate::{Generator, Machine, State};
use cke_model::Constraints;
use cke_model::cluster::Cluster;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Compute and storage servers of a rack of each kind.
const STANDARD: (u8, u8) = (18, 10);
const STORAGE: (u8, u8) = (0, 19);

fn rack(number: u8, kind: (u8, u8)) -> Vec<Machine> {
    let role = |n| if n <= kind.0 { "cs" } else { "ss" };
    let machine = |n| {
        machine(
            &format!("10.0.{number}.{n}"),
            role(n),
            i64::from(number),
            0,
            State::Healthy,
        )
    };
    (1..=kind.0 + kind.1).map(machine).collect()
}

fn racks(kinds: &[(u8, u8)]) -> Vec<Machine> {
    (0..)
        .zip(kinds)
        .flat_map(|(number, kind)| rack(number, *kind))
        .collect()
}

fn three() -> Constraints {
    Constraints {
        control_plane_count: 3,
        ..Constraints::default()
    }
}

fn generate(template: &Cluster, machines: &[Machine]) -> Cluster {
    Generator::new(template, &three(), machines, &[], now())
        .unwrap()
        .generate()
        .unwrap()
        .0
}

fn update(template: &Cluster, machines: &[Machine], current: &Cluster) -> Cluster {
    Generator::new(template, &three(), machines, &[], now())
        .unwrap()
        .update(current)
        .unwrap()
        .unwrap()
        .0
}

/// Workers by rack and role, as `0:17+10`.
fn workers(cluster: &Cluster) -> String {
    let mut racks: BTreeMap<String, (u32, u32)> = BTreeMap::new();
    for node in cluster.workers() {
        let labels = node.labels.as_ref().unwrap();
        let rack = racks.entry(labels["cke.cybozu.com/rack"].clone()).or_default();
        let count = if labels["cke.cybozu.com/role"] == "cs" {
            &mut rack.0
        } else {
            &mut rack.1
        };
        *count += 1;
    }
    racks.iter().fold(String::new(), |mut text, (rack, (cs, ss))| {
        write!(text, "{rack}:{cs}+{ss} ").unwrap();
        text
    })
}

fn both() -> Cluster {
    template("cs", &["cs", "ss"])
}

#[test]
fn a_new_cluster_has_one_control_plane_in_each_rack() {
    assert_eq!(
        workers(&generate(&both(), &racks(&[STANDARD; 3]))),
        "0:17+10 1:17+10 2:17+10 "
    );
}

#[test]
fn racks_of_several_kinds() {
    let machines = racks(&[STANDARD, STANDARD, STANDARD, STORAGE]);
    assert_eq!(
        workers(&generate(&both(), &machines)),
        "0:17+10 1:17+10 2:17+10 3:0+19 "
    );
}

#[test]
fn machines_without_a_template_are_left_alone() {
    let machines = racks(&[STANDARD, STANDARD, STORAGE]);
    assert_eq!(
        workers(&generate(&template("cs", &["ss"]), &machines)),
        "0:0+10 1:0+10 2:0+19 "
    );
}

#[test]
fn a_rack_comes() {
    let current = generate(&both(), &racks(&[STANDARD; 3]));
    let machines = racks(&[STANDARD, STANDARD, STANDARD, STORAGE]);
    assert_eq!(
        workers(&update(&both(), &machines, &current)),
        "0:17+10 1:17+10 2:17+10 3:0+19 "
    );
}

#[test]
fn a_rack_goes() {
    let machines = racks(&[STANDARD; 4]);
    let current = generate(&both(), &machines);
    assert_eq!(
        workers(&update(&both(), &machines[28..], &current)),
        "1:17+10 2:17+10 3:17+10 "
    );
}

#[test]
fn a_sick_rack_is_not_used() {
    let mut machines = racks(&[STANDARD; 4]);
    machines[..28]
        .iter_mut()
        .for_each(|machine| machine.status.state = State::Unhealthy);
    assert_eq!(workers(&generate(&both(), &machines)), "1:17+10 2:17+10 3:17+10 ");
}

#[test]
fn a_role_without_a_free_machine_does_not_hold_up_the_others() {
    let mut machines = racks(&[STANDARD; 3]);
    let current = generate(&both(), &machines);
    // Many storage servers are sick and count as working, the compute servers are all in use.
    machines
        .iter_mut()
        .filter(|m| m.spec.role == "ss")
        .take(15)
        .for_each(|m| m.status.state = State::Unhealthy);
    machines.extend(rack(3, STORAGE));
    assert_eq!(
        workers(&update(&both(), &machines, &current)),
        "0:17+10 1:17+10 2:17+10 3:0+19 "
    );
}

#[test]
fn control_planes_of_any_role_beside_workers_of_roles() {
    let generated = generate(&template("", &["cs", "ss"]), &racks(&[STANDARD; 3]));
    assert_eq!(generated.nodes.len(), 84);
}
