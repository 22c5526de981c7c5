#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
use super::*;
use crate::machine::{Bmc, Machine, MachineSpec, MachineStatus};
use jiff::Timestamp;
use proptest::prelude::*;

fn query(raw: &str) -> Query {
    Query::parse(raw).unwrap_or_else(|e| panic!("{raw}: {e}"))
}

fn machine() -> Machine {
    let strings = |list: &[&str]| Some(list.iter().map(|s| (*s).to_owned()).collect());
    let labels = [("product", "R630"), ("datacenter", "jp")].map(|(k, v)| (k.to_owned(), v.to_owned()));
    let spec = MachineSpec {
        serial: "1234".into(),
        rack: 1,
        role: "boot".into(),
        labels: Some(labels.into()),
        ipv4: strings(&["10.20.30.40", "10.21.30.40"]),
        ipv6: strings(&["aa::ff", "bb::ff"]),
        bmc: Bmc {
            ipv4: "10.72.0.1".into(),
            bmc_type: "iDRAC-9".into(),
            ..Default::default()
        },
        ..Default::default()
    };
    Machine {
        spec,
        status: MachineStatus::default(),
        ..Default::default()
    }
}

fn matches(raw: &str) -> bool {
    query(raw).matches(&machine(), Timestamp::UNIX_EPOCH)
}

/// Each of these finds the machine; with `without-` in front it loses it.
const FINDING: [&str; 17] = [
    "serial=1234",
    "serial=99,1234",
    "labels=product%3DR630",
    "labels=product%3DR630%2Cdatacenter%3Djp",
    "rack=1",
    "rack=1,2",
    "role=boot",
    "role=boot,worker",
    "ipv4=10.20.30.40",
    "ipv4=10.9.9.9,10.21.30.40",
    "ipv4=10.72.0.1",
    "ipv6=aa::ff",
    "ipv6=cc::ff,bb::ff",
    "bmc-type=iDRAC-9",
    "bmc-type=iDRAC-9,IPMI-2.0",
    "state=uninitialized",
    "state=retired,uninitialized",
];

/// None of these finds the machine; with `without-` in front it stays.
const MISSING: [&str; 10] = [
    "serial=5678",
    "labels=product%3DR730",
    "labels=product%3DR630%2Cdatacenter%3Dus",
    "labels=product%3DR630%2Cowner%3Dme",
    "rack=2",
    "role=worker",
    "ipv4=10.20.30.4",
    "ipv6=cc::ff",
    "bmc-type=IPMI-2.0",
    "state=unreachable",
];

#[test]
fn with_and_without() {
    for raw in FINDING {
        assert!(matches(raw) && !matches(&format!("without-{raw}")), "{raw}");
    }
    for raw in MISSING {
        assert!(!matches(raw) && matches(&format!("without-{raw}")), "{raw}");
    }
}

#[test]
fn parameters_must_all_hold() {
    assert!(matches("serial=1234&without-rack=2&state=uninitialized"));
    assert!(!matches("serial=1234&without-rack=1"));
    assert!(!matches("serial=1234&rack=2"));
}

#[test]
fn empty_values_are_no_conditions() {
    for raw in [
        "",
        "serial=",
        "serial&without-rack=",
        "&&",
        "rack=&without-rack=1&role=boot",
    ] {
        assert!(query(raw).is_empty() || raw.contains("role"), "{raw}");
    }
    assert_eq!(query("serial=a,,b,").having.serials, ["a", "b"]);
}

#[test]
fn percent_encoding_of_forms() {
    assert_eq!(query("role=a%2Cb+c").having.roles, ["a", "b c"]);
    assert_eq!(
        query("labels=a%3Db%3Dc,+d=").having.labels,
        [("a".into(), "b=c".into()), ("d".into(), String::new())]
    );
}

#[test]
fn errors_name_the_parameter() {
    let error = |raw: &str| Query::parse(raw).unwrap_err();
    assert_eq!(error("without=1"), QueryError::Unknown("without".into()));
    assert_eq!(error("name=x"), QueryError::Unknown("name".into()));
    assert_eq!(error("Serial=x"), QueryError::Unknown("Serial".into()));
    assert_eq!(
        error("without-without-rack=1"),
        QueryError::Unknown("without-without-rack".into())
    );
    assert_eq!(error("rack=1&rack=2"), QueryError::Doubled("rack".into()));
    for field in [
        "serial=a",
        "labels=a=b",
        "rack=1",
        "role=a",
        "ipv4=a",
        "ipv6=a",
        "bmc-type=a",
        "state=healthy",
    ] {
        let name = field.split_once('=').unwrap().0;
        assert!(
            matches!(error(&format!("{field}&without-{field}")), QueryError::BothSides(n) if n == name),
            "{field}"
        );
    }
    for raw in [
        "rack=x",
        "rack=-1",
        "without-rack=1,x",
        "labels=a",
        "without-labels=a=b,c",
        "state=dead",
        "serial=,",
    ] {
        assert!(
            matches!(error(raw), QueryError::Value { ref name, .. } if raw.starts_with(name.as_str())),
            "{raw}"
        );
    }
    for raw in ["rack=%zz", "rack=%1", "a;b=1", "serial=%ff"] {
        assert!(matches!(error(raw), QueryError::Malformed(_)), "{raw}");
    }
    assert_eq!(error(&"a".repeat(70_000)), QueryError::TooLong);
}

#[test]
fn graphql_excludes_by_any_label() {
    let without = Conditions {
        labels: vec![("product".into(), "R630".into()), ("owner".into(), "me".into())],
        ..Default::default()
    };
    let mut search = Query {
        without,
        ..Default::default()
    };
    assert!(search.matches(&machine(), Timestamp::UNIX_EPOCH));
    search.label_exclusion = LabelExclusion::Any;
    assert!(!search.matches(&machine(), Timestamp::UNIX_EPOCH));
}

#[test]
fn days_before_retire_on_both_sides() {
    let mut machine = machine();
    machine.spec.retire_date = "1970-01-11T00:00:00Z".parse().unwrap();
    let days = |n| Conditions {
        min_days_before_retire: Some(n),
        ..Default::default()
    };
    for (n, holds) in [(9, true), (10, true), (11, false)] {
        let having = Query {
            having: days(n),
            ..Default::default()
        };
        let without = Query {
            without: days(n),
            ..Default::default()
        };
        assert_eq!(having.matches(&machine, Timestamp::UNIX_EPOCH), holds, "{n}");
        assert_eq!(without.matches(&machine, Timestamp::UNIX_EPOCH), !holds, "{n}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(raw in "\\PC{0,60}|([a-z0-9%=&,;+-]|serial|rack|labels|without-){0,30}") {
        if let Ok(query) = Query::parse(&raw) {
            let _ = query.matches(&machine(), Timestamp::UNIX_EPOCH);
        }
    }
}
