#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
use super::*;
use crate::ipam::tests::sample;
use crate::{MachineSpec, decode_stored, to_go_json};

fn machine(serial: &str, rack: u64, role: &str) -> Machine {
    let spec = MachineSpec {
        serial: serial.into(),
        rack,
        role: role.into(),
        ..Default::default()
    };
    Machine {
        spec,
        ..Default::default()
    }
}

#[test]
fn indices_are_given_from_the_lowest() {
    let mut machines: Vec<_> = ["a", "b", "c"].iter().map(|s| machine(s, 1, "cs")).collect();
    machines.insert(1, machine("boot", 1, "boot"));
    machines.push(machine("other", 2, "cs"));
    let mut usages = BTreeMap::from([(1, RackUsage(Some(vec![5])))]);
    assign(&mut machines, &mut usages, &sample()).unwrap();
    assert_eq!(
        machines.iter().map(|m| m.spec.index_in_rack).collect::<Vec<_>>(),
        [4, 3, 6, 7, 4]
    );
    assert_eq!(usages[&1].taken(), [5, 4, 3, 6, 7]);
    assert_eq!(machines[0].spec.ipv4.as_ref().unwrap()[0], "10.69.0.196");
}

#[test]
fn one_boot_server_a_rack() {
    let mut machines = [machine("a", 0, "boot"), machine("b", 0, "boot")];
    let error = assign(&mut machines, &mut BTreeMap::new(), &sample()).unwrap_err();
    assert!(matches!(error, AssignError::BootTaken { ref serial, rack: 0 } if serial == "b"));
}

#[test]
fn a_full_rack_and_doubled_serials_are_refused() {
    let mut machines: Vec<_> = (0..29).map(|i| machine(&format!("m{i}"), 0, "cs")).collect();
    let error = assign(&mut machines, &mut BTreeMap::new(), &sample()).unwrap_err();
    assert!(matches!(error, AssignError::Full { ref serial, max: 28, .. } if serial == "m28"));
    let mut doubled = [machine("a", 0, "cs"), machine("a", 1, "cs")];
    assert!(matches!(
        assign(&mut doubled, &mut BTreeMap::new(), &sample()),
        Err(AssignError::Doubled(_))
    ));
    let mut far = [machine("a", 1 << 32, "cs")];
    assert!(matches!(
        assign(&mut far, &mut BTreeMap::new(), &sample()),
        Err(AssignError::Place { .. })
    ));
}

#[test]
fn released_places_are_used_again() {
    let mut usage: RackUsage = decode_stored(b"[3,4,5]").unwrap();
    assert!(usage.release(4) && !usage.release(4));
    let mut again = machine("a", 0, "cs");
    usage.assign(&mut again, &sample()).unwrap();
    assert_eq!((again.spec.index_in_rack, usage.taken()), (4, &[3, 5, 4][..]));
}

#[test]
fn never_used_is_null_and_emptied_is_a_list() {
    let mut usage: RackUsage = decode_stored(b"null").unwrap();
    assert_eq!(to_go_json(&usage).unwrap(), b"null");
    usage.assign(&mut machine("a", 0, "boot"), &sample()).unwrap();
    assert_eq!(to_go_json(&usage).unwrap(), b"[3]");
    usage.release(3);
    assert_eq!(to_go_json(&usage).unwrap(), b"[]");
}
