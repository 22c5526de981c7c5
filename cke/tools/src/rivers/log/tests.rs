#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

fn text(format: Format) -> String {
    let at = "2026-11-22T01:02:03.004005678Z".parse().unwrap();
    let fields = [
        ("upstream", "10.0.0.1:6443".into()),
        ("elapsed", 1.5.into()),
        ("error", Value::Null),
    ];
    line(format, "node-0", at, Level::Warning, "a \"word\"\n\u{7}", &fields)
}

#[test]
fn the_formats_of_the_original() {
    assert_eq!(
        text(Format::Plain),
        "2026-11-22T01:02:03.004005Z node-0 rivers warning: \"a \\\"word\\\"\\n\\x07\" elapsed=1.5 upstream=\"10.0.0.1:6443\"\n"
    );
    assert_eq!(
        text(Format::Logfmt),
        "topic=rivers logged_at=2026-11-22T01:02:03.004005Z severity=warning utsname=node-0 \
         message=\"a \\\"word\\\"\\n\\x07\" elapsed=1.5 upstream=\"10.0.0.1:6443\"\n"
    );
    let json: Value = serde_json::from_str(&text(Format::Json)).unwrap();
    assert_eq!(json["message"], "a \"word\"\n\u{7}");
    assert_eq!(json["upstream"], "10.0.0.1:6443");
    assert!(
        text(Format::Json).starts_with(r#"{"topic":"rivers","logged_at":"2026-11-22T01:02:03.004005Z","severity":"#)
    );
}

#[test]
fn levels_by_all_their_names() {
    let names = [
        ("crit", Level::Critical),
        ("warn", Level::Warning),
        ("", Level::Info),
        ("debug", Level::Debug),
    ];
    for (name, level) in names {
        assert_eq!(Level::parse(name), Some(level));
    }
    assert_eq!(Level::parse("loud"), None);
    assert!(Level::Critical < Level::Debug);
}
