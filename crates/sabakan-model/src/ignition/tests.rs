#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
use super::*;
use crate::{decode_stored, to_go_json};
use proptest::prelude::*;

fn id(text: &str) -> IgnitionId {
    text.parse().unwrap()
}

#[test]
fn versions_are_taken_loosely() {
    let good = [
        "1.2.3",
        "v1.2.3",
        "2",
        "1.2.3.4",
        "1.0.0-rc.1",
        "1.0.0-rc.1+build.5",
        "1.2beta",
        "1.2.3-0abc",
        "1.2.3~1",
        "1.2.3-",
        "1.2.3--x",
        "1+a",
        "01.002",
        "1.2-beta-2~3",
    ];
    for text in good {
        assert_eq!(id(text).as_str(), text);
    }
    let bad = [
        "",
        "v",
        "a",
        "1.",
        ".1",
        "1..2",
        "1.2.3+",
        "1.2.3+a+b",
        "1.2.3-a..b",
        "1.2.3-a.",
        "1.2.3 ",
        " 1",
        "1/2",
        "../1",
        "V1",
        "1.2.3-é",
        "9223372036854775808",
        "1.2.3.beta",
    ];
    for text in bad {
        assert!(text.parse::<IgnitionId>().is_err(), "{text}");
    }
}

#[test]
fn ids_sort_by_version() {
    let sorted = [
        "0.1",
        "1.0.0-1",
        "1.0.0-2",
        "1.0.0-10",
        "1.0.0-alpha.1",
        "1.0.0-alpha",
        "1.0.0-beta",
        "1.0.0-rc.1",
        "1.0.0-rc.11",
        "1",
        "1.0.1",
        "v1.2",
        "1.10",
        "1.10.0.1",
        "2.0.0-rc.1",
        "2",
    ];
    let mut ids: Vec<_> = sorted.iter().rev().map(|text| id(text)).collect();
    ids.sort();
    // A part more is greater when it is a number: rc.1 < rc.11, alpha.1 > alpha.
    let ids: Vec<_> = ids.iter().map(IgnitionId::as_str).collect();
    let mut want = sorted;
    want.swap(4, 5);
    assert_eq!(ids, want);
}

#[test]
fn ten_templates_are_kept() {
    let ids: Vec<_> = (1..=12).map(|n| id(&format!("1.{n}"))).collect();
    let gone: Vec<_> = surplus(ids.clone()).into_iter().map(|i| i.to_string()).collect();
    assert_eq!(gone, ["1.1", "1.2"]);
    assert!(surplus(ids[..10].to_vec()).is_empty());
}

#[test]
fn metadata_holds_floats_and_sorts_its_keys() {
    let stored = br#"{"version":"2.3","template":{},"meta":{"z":1,"a":{"n":9007199254740993,"big":1e22}}}"#;
    let template: IgnitionTemplate = decode_stored(stored).unwrap();
    let meta = template.meta.as_ref().unwrap();
    assert!(meta.0["z"].is_f64());
    let written = String::from_utf8(to_go_json(&template).unwrap()).unwrap();
    assert_eq!(
        written,
        r#"{"version":"2.3","template":{},"meta":{"a":{"big":1e+22,"n":9007199254740992},"z":1}}"#
    );
}

proptest! {
    #[test]
    fn any_text_is_taken_or_refused(text in ".{0,20}|v?[0-9.]{1,8}[-+~a-z0-9.]{0,8}") {
        if let Ok(found) = text.parse::<IgnitionId>() {
            prop_assert_eq!(found.as_str(), text);
        }
    }

    #[test]
    fn the_order_is_total(a in "[0-2](\\.[0-2]){0,3}(-[a-b0-1](\\.[a-b0-1])?)?", b in "[0-2](\\.[0-2]){0,3}(-[a-b0-1](\\.[a-b0-1])?)?") {
        prop_assert_eq!(id(&a).cmp(&id(&b)), id(&b).cmp(&id(&a)).reverse());
    }
}
