#![allow(clippy::unwrap_used, reason = "tests")]

use jiff::Timestamp;
use serde_json::json;

use super::format::{Format, Origin, Record, line};
use super::*;

fn record() -> Record {
    Record {
        at: "2026-11-22T01:02:03.004005678Z".parse::<Timestamp>().unwrap(),
        severity: "warning",
        message: "a \"word\"\n\u{7}\u{85}".to_owned(),
        fields: vec![
            ("zeta".to_owned(), json!(1.5)),
            ("alpha".to_owned(), json!("x=y")),
            ("ok".to_owned(), json!(true)),
        ],
    }
}

fn text(format: Format) -> String {
    let origin = Origin {
        topic: "sabakan".to_owned(),
        utsname: "boot-0".to_owned(),
    };
    line(format, &origin, &record())
}

#[test]
fn the_formats_of_the_original() {
    assert_eq!(
        text(Format::Plain),
        "2026-11-22T01:02:03.004005Z boot-0 sabakan warning: \"a \\\"word\\\"\\n\\x07\\u0085\" alpha=\"x=y\" ok=true zeta=1.5\n"
    );
    assert_eq!(
        text(Format::Logfmt),
        "topic=sabakan logged_at=2026-11-22T01:02:03.004005Z severity=warning utsname=boot-0 \
         message=\"a \\\"word\\\"\\n\\x07\\u0085\" zeta=1.5 alpha=\"x=y\" ok=true\n"
    );
    let json: serde_json::Value = serde_json::from_str(&text(Format::Json)).unwrap();
    assert_eq!(json["message"], "a \"word\"\n\u{7}\u{85}");
    assert_eq!(json["logged_at"], "2026-11-22T01:02:03.004005Z");
    assert_eq!(json["zeta"], 1.5);
    assert!(text(Format::Json).starts_with(r#"{"topic":"sabakan","logged_at":"#));
}

#[test]
fn flags_win_over_the_file_and_empty_ones_do_not() {
    let file = LogConfig {
        level: "error".to_owned(),
        format: "json".to_owned(),
        ..LogConfig::default()
    };
    let flags = LogArgs {
        loglevel: Some("debug".to_owned()),
        logformat: Some(String::new()),
        ..LogArgs::default()
    };
    let applied = flags.apply(file);
    assert_eq!((applied.level.as_str(), applied.format.as_str()), ("debug", "json"));
}

#[test]
fn what_is_no_level_or_format_is_named() {
    let config = |level: &str, format: &str| LogConfig {
        level: level.to_owned(),
        format: format.to_owned(),
        ..LogConfig::default()
    };
    assert!(init(&config("loud", "")).unwrap_err().to_string().contains("loud"));
    assert!(init(&config("", "xml")).unwrap_err().to_string().contains("xml"));
}
