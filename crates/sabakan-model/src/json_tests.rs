#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
use crate::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn text<T: serde::Serialize>(value: &T) -> String {
    String::from_utf8(to_go_json(value).unwrap()).unwrap()
}

#[test]
fn strings_are_escaped_as_go_does() {
    let cases = [
        ("<a href='x'>&", r#""\u003ca href='x'\u003e\u0026""#),
        ("\u{2028}\u{2029}", r#""\u2028\u2029""#),
        ("\"\\/", r#""\"\\/""#),
        ("\u{0}\u{1f}\n\r\t\u{8}\u{c}", r#""\u0000\u001f\n\r\t\b\f""#),
        ("\u{7f}é寿", "\"\u{7f}é寿\""),
    ];
    for (value, want) in cases {
        assert_eq!(text(&value), want);
    }
}

#[test]
fn numbers_are_written_as_go_does() {
    let cases = [
        (0.0, "0"),
        (1.0, "1"),
        (-2.5, "-2.5"),
        (1_234_567.0, "1234567"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (1.5e300, "1.5e+300"),
        (0.000_001, "0.000001"),
        (0.000_000_1, "1e-7"),
        (-1.25e-9, "-1.25e-9"),
        (2.669_728_485_000_000_3, "2.6697284850000003"),
    ];
    for (value, want) in cases {
        assert_eq!(text(&value), want);
    }
}

#[test]
fn keys_match_in_any_case_and_the_last_wins() {
    let spec: MachineSpec =
        decode_api(br#"{"SERIAL":"a","Rack":1,"rac\u212a":2,"\u017ferial":"b","BMC":{"TYPE":"x"}}"#).unwrap();
    assert_eq!(
        (spec.serial.as_str(), spec.rack, spec.bmc.bmc_type.as_str()),
        ("b", 2, "x")
    );
}

#[test]
fn null_and_missing_members_leave_the_default() {
    let spec: MachineSpec =
        decode_api(br#"{"serial":null,"labels":null,"ipv4":null,"retire-date":null,"bmc":null}"#).unwrap();
    assert_eq!(spec, MachineSpec::default());
}

#[test]
fn nil_and_empty_are_told_apart() {
    let nil = MachineSpec::default();
    assert!(text(&nil).contains(r#""labels":null,"rack":0"#) && text(&nil).contains(r#""ipv4":null,"ipv6":null"#));
    let empty = MachineSpec {
        labels: Some(BTreeMap::new()),
        ipv4: Some(vec![]),
        ..Default::default()
    };
    assert!(text(&empty).contains(r#""labels":{},"rack":0"#) && text(&empty).contains(r#""ipv4":[],"ipv6":null"#));
}

#[test]
fn unknown_fields_survive_read_modify_write() {
    let stored = r#"{"spec":{"serial":"a","labels":null,"rack":0,"index-in-rack":0,"role":"","ipv4":null,"ipv6":null,"register-date":"0001-01-01T00:00:00Z","retire-date":"0001-01-01T00:00:00Z","bmc":{"ipv4":"","ipv6":"","type":"","vendor":{"z":1,"a":[1.50,12345678901234567890]}}},"status":{"timestamp":"0001-01-01T00:00:00Z","duration":0,"state":"healthy"},"info":{"network":{"ipv4":null},"bmc":{"ipv4":{"address":"","netmask":"","maskbits":0,"gateway":""}}},"tags":["x","\u003c"]}"#;
    let mut machine: Machine = decode_stored(stored.as_bytes()).unwrap();
    assert_eq!(text(&machine), stored);
    machine.put_label("a", "b");
    assert_eq!(
        text(&machine),
        stored.replace(r#""labels":null"#, r#""labels":{"a":"b"}"#)
    );
}

#[test]
fn the_api_refuses_unknown_fields_with_their_place() {
    let specs = br#"[{"serial":"a"},{"serial":"b","bmc":{"type":"x","typo":1}}]"#;
    let error = decode_api::<Vec<MachineSpec>>(specs).unwrap_err();
    assert_eq!(error.to_string(), "[1].bmc.typo: unknown field");
    let mut specs: Vec<MachineSpec> = decode_stored(specs).unwrap();
    json::Strict::forget_unknown(&mut specs);
    assert_eq!(json::Strict::first_unknown(&specs), None);
}

#[test]
fn wrong_types_and_garbage_are_named_with_their_place() {
    let error = |text: &str| decode_api::<Vec<MachineSpec>>(text.as_bytes()).unwrap_err().to_string();
    assert!(
        error(r#"[{"rack":-1}]"#).starts_with("[0].rack: invalid value: integer `-1`"),
        "{}",
        error(r#"[{"rack":-1}]"#)
    );
    assert!(error(r#"[{"rack":1.5}]"#).starts_with("[0].rack: invalid type"));
    assert!(error(r#"[{"labels":{"a":1}}]"#).starts_with("[0].labels.a: invalid type"));
    assert!(error("[null]").starts_with("[0]: invalid type: null"));
    assert!(error("[] x").starts_with("something follows"));
    assert!(error(r#"[{"retire-date":"tomorrow"}]"#).contains("[0].retire-date"));
    assert!(error("[").contains("EOF"));
}

#[test]
fn raw_json_is_compacted_and_escaped() {
    let template: IgnitionTemplate =
        decode_api(b"{ \"version\": \"2.3\", \"template\": { \"b\" : [ 1.0, 2 ],\n \"a\": \"< \\\" >\" } }").unwrap();
    assert_eq!(
        text(&template),
        r#"{"version":"2.3","template":{"b":[1.0,2],"a":"\u003c \" \u003e"},"meta":null}"#
    );
}

#[test]
fn pretty_json_has_go_indentation() {
    let value = serde_json::json!({"a": [], "b": {}, "c": [1, {"d": "x:,[]{}\""}]});
    let want = "{\n  \"a\": [],\n  \"b\": {},\n  \"c\": [\n    1,\n    {\n      \"d\": \"x:,[]{}\\\"\"\n    }\n  ]\n}";
    assert_eq!(json::to_go_json_pretty(&value).unwrap(), want);
}

proptest! {
    #[test]
    fn any_text_survives(value in ".*") {
        let written = text(&value);
        let unsafe_ones = ['<', '>', '&', '\u{2028}', '\u{2029}'];
        prop_assert!(!written.contains(unsafe_ones));
        prop_assert_eq!(serde_json::from_str::<String>(&written).unwrap(), value);
    }

    #[test]
    fn any_number_survives(value in prop::num::f64::NORMAL | prop::num::f64::ZERO | prop::num::f64::SUBNORMAL) {
        prop_assert_eq!(serde_json::from_str::<f64>(&text(&value)).unwrap(), value);
    }

    #[test]
    fn arbitrary_input_never_panics(input in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = decode_api::<Vec<MachineSpec>>(&input);
        let _ = decode_stored::<LeaseUsage>(&input);
    }

    #[test]
    fn a_machine_survives(serial in "[a-z]{1,8}", rack in any::<u64>(), labels in prop::option::of(prop::collection::btree_map("[a-z]{1,4}", ".{0,8}", 0..4))) {
        let spec = MachineSpec { serial, rack, labels, ..Default::default() };
        let machine = Machine { spec, ..Default::default() };
        prop_assert_eq!(decode_api::<Machine>(text(&machine).as_bytes()).unwrap(), machine);
    }
}
