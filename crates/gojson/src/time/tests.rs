#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
use super::*;
use proptest::prelude::*;

#[test]
fn times_keep_their_text() {
    for text in [
        "0001-01-01T00:00:00Z",
        "2026-11-22T16:38:20.895022988Z",
        "2026-11-22T16:38:21.37378088Z",
        "2031-05-06T07:08:09+09:00",
        "1969-12-31T23:59:59.5-03:30",
        "9999-12-31T23:59:59.999999999Z",
        "0000-01-01T00:00:00Z",
    ] {
        assert_eq!(GoTime::parse_strict(text).unwrap().to_string(), text);
        assert_eq!(GoTime::parse_lenient(text).unwrap().to_string(), text);
    }
}

#[test]
fn a_zero_offset_is_written_as_utc_and_long_fractions_are_cut() {
    assert_eq!(
        GoTime::parse_strict("2026-01-02T03:04:05+00:00").unwrap().to_string(),
        "2026-01-02T03:04:05Z"
    );
    let cut = GoTime::parse_strict("2026-01-02T03:04:05.1234567899Z").unwrap();
    assert_eq!(cut.to_string(), "2026-01-02T03:04:05.123456789Z");
    assert_eq!(
        GoTime::parse_strict("2026-01-02T03:04:05.000Z").unwrap().to_string(),
        "2026-01-02T03:04:05Z"
    );
}

#[test]
fn operators_may_type_less_exactly() {
    let lenient = |text: &str| GoTime::parse_lenient(text).map(|t| t.to_string());
    assert_eq!(lenient("2030-01-02T1:02:03Z").unwrap(), "2030-01-02T01:02:03Z");
    assert_eq!(lenient("2030-01-02T01:02:03,5Z").unwrap(), "2030-01-02T01:02:03.5Z");
    for text in ["2030-01-02T1:02:03Z", "2030-01-02T01:02:03,5Z"] {
        assert!(GoTime::parse_strict(text).is_err(), "{text}");
    }
}

#[test]
fn bad_times_name_the_part() {
    let part = |text: &str| GoTime::parse_lenient(text).unwrap_err().to_string();
    assert!(part("2030-13-02T01:02:03Z").ends_with("the date is wrong"));
    assert!(part("2030-02-30T01:02:03Z").ends_with("the date is wrong"));
    assert!(part("2030-01-02T24:02:03Z").ends_with("the time of day is wrong"));
    assert!(part("2030-01-02T01:02:60Z").ends_with("the time of day is wrong"));
    for text in [
        "2030-01-02T01:02:03+24:00",
        "2030-01-02T01:02:03+09:60",
        "2030-01-02T01:02:03",
        "2030-01-02T01:02:03Zx",
    ] {
        assert!(part(text).ends_with("the offset from UTC is wrong"), "{text}");
    }
    assert!(part("2030-01-02").ends_with("the T before the hour is wrong"));
    assert!(part("").ends_with("the year is wrong"));
}

#[test]
fn the_text_of_old_audit_entries() {
    let show = |text: &str| GoTime::parse_strict(text).unwrap().go_string();
    assert_eq!(show("2031-05-06T07:08:09+09:00"), "2031-05-06 07:08:09 +0900 +0900");
    assert_eq!(show("2030-01-02T03:04:05.25Z"), "2030-01-02 03:04:05.25 +0000 UTC");
}

#[test]
fn zero_is_the_default() {
    assert!(GoTime::default().is_zero());
    assert!(!GoTime::parse_strict("2030-01-02T03:04:05Z").unwrap().is_zero());
}

proptest! {
    #[test]
    fn every_instant_survives(seconds in -62_135_596_800i64..=253_402_300_799, nanos in 0i32..1_000_000_000) {
        let time = GoTime::utc(Timestamp::new(seconds, nanos).unwrap_or(Timestamp::UNIX_EPOCH));
        prop_assert_eq!(GoTime::parse_strict(&time.to_string()).unwrap(), time);
    }

    #[test]
    fn any_text_is_read_or_refused(text in ".{0,40}|[0-9T:+.,Z-]{0,40}") {
        if let Ok(time) = GoTime::parse_lenient(&text) {
            prop_assert_eq!(GoTime::parse_lenient(&time.to_string()).unwrap(), time);
        }
    }
}
