#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
use super::*;
use jiff::Timestamp;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn spec(serial: &str) -> MachineSpec {
    let bmc = Bmc {
        bmc_type: "iDRAC-9".into(),
        ..Default::default()
    };
    MachineSpec {
        serial: serial.into(),
        role: "cs".into(),
        bmc,
        ..Default::default()
    }
}

#[test]
fn label_names_follow_kubernetes() {
    for good in ["valid_name1", "valid-n.ame2", "a", "A1", &"a".repeat(63)] {
        assert!(
            is_valid_label_name(good) && is_valid_label_value(good) && is_valid_role(good),
            "{good}"
        );
    }
    for bad in [
        "-a",
        "a-",
        ".a",
        "a_",
        "a b",
        "a/b",
        "^in;valid name\\1",
        "inválid",
        "a\n",
        &"a".repeat(64),
    ] {
        assert!(
            !is_valid_label_name(bad) && !is_valid_label_value(bad) && !is_valid_role(bad),
            "{bad}"
        );
    }
    assert!(is_valid_label_value("") && !is_valid_label_name("") && !is_valid_role(""));
}

#[test]
fn bmc_types() {
    for good in ["validtype1", "valid_type2", "valid/type-3", "IPMI-2.0"] {
        assert!(is_valid_bmc_type(good), "{good}");
    }
    for bad in ["", "invalid\\type 1", "%invalid+type#2", "^invalid$type?"] {
        assert!(!is_valid_bmc_type(bad), "{bad}");
    }
}

#[test]
fn serials_cannot_leave_their_key() {
    for good in ["R0N0", "1234abcd", "a.b-c_d:e+f", "0"] {
        assert!(is_valid_serial(good), "{good}");
    }
    for bad in [
        "",
        "a/b",
        "../x",
        "..",
        ".",
        "a..b",
        "a b",
        "a,b",
        "a%2f",
        "é",
        "-a",
        "a\n",
        &"a".repeat(129),
    ] {
        assert!(!is_valid_serial(bad), "{bad}");
    }
}

#[test]
fn a_specification_is_refused_with_the_rule_it_breaks() {
    assert_eq!(spec("a").validate(), Ok(()));
    assert!(matches!(spec("a/b").validate(), Err(SpecError::Serial(_))));
    let bad_role = MachineSpec {
        role: "s s".into(),
        ..spec("a")
    };
    assert!(matches!(bad_role.validate(), Err(SpecError::Role { .. })));
    let no_bmc = MachineSpec {
        bmc: Bmc::default(),
        ..spec("a")
    };
    assert!(matches!(no_bmc.validate(), Err(SpecError::BmcType { .. })));
    let bad_label = MachineSpec {
        labels: Some([("a".into(), "b c".into())].into()),
        ..spec("a")
    };
    let error = bad_label.validate().unwrap_err().to_string();
    assert_eq!(error, "invalid label \"a\"=\"b c\" of machine a");
}

#[test]
fn registration_sets_dates_and_drops_addresses() {
    let now = at("2026-01-02T03:04:05Z");
    let given = MachineSpec {
        ipv4: Some(vec!["10.0.0.1".into()]),
        ..spec("a")
    };
    let machine = Machine::registered(given, now);
    assert_eq!(
        (machine.spec.register_date, machine.spec.retire_date),
        (now.into(), now.into())
    );
    assert_eq!(
        (machine.spec.ipv4, machine.status.state),
        (None, MachineState::Uninitialized)
    );
    let retire_date = "2030-01-01T00:00:00+09:00".parse().unwrap();
    let kept = Machine::registered(
        MachineSpec {
            retire_date,
            ..spec("a")
        },
        now,
    );
    assert_eq!(kept.spec.retire_date, retire_date);
}

#[test]
fn the_same_state_again_keeps_the_timestamp() {
    let (t0, t1) = (at("2026-01-01T00:00:00Z"), at("2026-01-01T00:01:00Z"));
    let mut machine = Machine::registered(spec("a"), t0);
    assert_eq!(machine.set_state(MachineState::Uninitialized, t1), Ok(false));
    assert_eq!(machine.status.timestamp, t0.into());
    assert_eq!(machine.set_state(MachineState::Healthy, t1), Ok(true));
    assert_eq!(machine.status.timestamp, t1.into());
    assert!(machine.set_state(MachineState::Retired, t1).is_err());
    assert_eq!(machine.status.state, MachineState::Healthy);
}

#[test]
fn labels_come_and_go() {
    let mut machine = Machine::registered(spec("a"), at("2026-01-01T00:00:00Z"));
    assert_eq!(
        machine.delete_label("x").unwrap_err().to_string(),
        "machine a has no label x"
    );
    machine.put_label("x", "1");
    machine.put_label("x", "2");
    assert_eq!(machine.label("x"), Some("2"));
    machine.delete_label("x").unwrap();
    // The original stores an empty object then, not null.
    assert_eq!(machine.spec.labels, Some(BTreeMap::new()));
}

#[test]
fn duration_counts_from_the_state() {
    let machine = Machine::registered(spec("a"), at("2026-01-01T00:00:00Z"));
    let shown = machine.with_duration(at("2026-01-01T00:06:02.1Z"));
    assert!((shown.status.duration - 362.1).abs() < 1e-9);
}

#[test]
fn days_before_retire_round_toward_zero() {
    let retire_date = "2026-01-10T00:00:00Z".parse().unwrap();
    let machine = Machine {
        spec: MachineSpec {
            retire_date,
            ..spec("a")
        },
        ..Default::default()
    };
    for (now, days) in [
        ("2026-01-01T00:00:00Z", 9),
        ("2026-01-01T00:00:01Z", 8),
        ("2026-01-10T23:00:00Z", 0),
        ("2026-01-11T00:00:00Z", -1),
    ] {
        assert_eq!(machine.days_before_retire(at(now)), days, "{now}");
    }
}
