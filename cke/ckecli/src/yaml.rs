//! YAML as Go's library writes it, for output that operators keep and feed back: members by name, lists not indented, texts
//! in quotes only where they must be.

use serde_json::{Map, Value};
use std::fmt::Write;

/// Writes a value, with a newline at the end.
pub(crate) fn to_yaml(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(members) if !members.is_empty() => mapping(&mut out, members, 0, false),
        Value::Array(items) if !items.is_empty() => sequence(&mut out, items, 0, false),
        other => scalar_line(&mut out, other, 0),
    }
    out
}

/// `inline`: the first line continues what stands before it.
fn mapping(out: &mut String, members: &Map<String, Value>, indent: usize, inline: bool) {
    let mut sorted: Vec<_> = members.iter().collect();
    sorted.sort_by_key(|(name, _)| name.as_str());
    for (at, (name, value)) in sorted.into_iter().enumerate() {
        if at > 0 || !inline {
            pad(out, indent);
        }
        out.push_str(&text(name, indent, true));
        out.push(':');
        match value {
            Value::Object(members) if !members.is_empty() => {
                out.push('\n');
                mapping(out, members, indent + 2, false);
            }
            Value::Array(items) if !items.is_empty() => {
                out.push('\n');
                sequence(out, items, indent, false);
            }
            other => {
                out.push(' ');
                scalar_line(out, other, indent);
            }
        }
    }
}

fn sequence(out: &mut String, items: &[Value], indent: usize, inline: bool) {
    for (at, item) in items.iter().enumerate() {
        if at > 0 || !inline {
            pad(out, indent);
        }
        out.push_str("- ");
        match item {
            Value::Object(members) if !members.is_empty() => mapping(out, members, indent + 2, true),
            Value::Array(items) if !items.is_empty() => sequence(out, items, indent + 2, true),
            other => scalar_line(out, other, indent),
        }
    }
}

fn pad(out: &mut String, indent: usize) {
    out.extend(std::iter::repeat_n(' ', indent));
}

fn scalar_line(out: &mut String, value: &Value, indent: usize) {
    match value {
        Value::String(value) => out.push_str(&text(value, indent, false)),
        Value::Array(_) => out.push_str("[]"),
        Value::Object(_) => out.push_str("{}"),
        other => out.push_str(&other.to_string()),
    }
    if !out.ends_with('\n') {
        out.push('\n');
    }
}

/// A text in the plainest style that reads back as the same text.
fn text(value: &str, indent: usize, is_name: bool) -> String {
    let printable = value
        .chars()
        .all(|c| c == '\n' || !(c.is_control() || ('\u{80}'..'\u{a0}').contains(&c) || c == '\u{feff}'));
    if !printable || looks_like_another_type(value) {
        return double_quoted(value);
    }
    if value.contains('\n') {
        return if is_name {
            double_quoted(value)
        } else {
            literal(value, indent)
        };
    }
    if is_plain(value) {
        value.to_owned()
    } else {
        format!("'{}'", value.replace('\'', "''"))
    }
}

fn is_plain(value: &str) -> bool {
    let mut chars = value.chars();
    let (first, second) = (chars.next(), chars.next());
    let begins_well = match first {
        Some('-' | '?' | ':') => second.is_some_and(|c| !c.is_whitespace()) && !value.starts_with("---"),
        Some(first) => !",[]{}#&*!|>'\"%@` ".contains(first),
        None => false,
    };
    let flow = value.contains(['[', ']', '{', '}', ',']);
    if !begins_well || value.ends_with([' ', ':']) || value.starts_with("...") {
        return false;
    }
    let read_as_sign = value.contains(": ") || value.contains(" #");
    let read_as_flow = flow && value.starts_with(['-', '?', ':']);
    !(read_as_sign || read_as_flow)
}

/// Whether a reader of YAML 1.1 or 1.2 would take the plain text for something else.
fn looks_like_another_type(value: &str) -> bool {
    const WORDS: [&str; 13] = [
        "", "~", "null", "true", "false", "yes", "no", "on", "off", "y", "n", "<<", "=",
    ];
    let lower = value.to_ascii_lowercase();
    let digit = |c: char| c.is_ascii_digit();
    let number = lower.trim_start_matches(['+', '-']).trim_start_matches('.');
    let infinite = [".inf", ".nan"].contains(&lower.trim_start_matches(['+', '-']));
    let numeric = number.starts_with(digit)
        && number
            .chars()
            .all(|c| c.is_ascii_hexdigit() || "._:+-xobtz ".contains(c));
    WORDS.contains(&lower.as_str()) || infinite || (numeric && !is_address_or_word(number))
}

/// Addresses, versions and names begin with digits as well, and no reader takes them for numbers.
fn is_address_or_word(text: &str) -> bool {
    let many_dots = text.matches('.').count() > 1;
    many_dots && !text.contains([':', ' ']) && !text.contains('e')
}

fn literal(value: &str, indent: usize) -> String {
    let body = value.trim_end_matches('\n');
    let chomping = match value.len() - body.len() {
        0 => "-",
        1 => "",
        _ => "+",
    };
    if body.is_empty() {
        return double_quoted(value);
    }
    let mut out = String::from("|");
    // A reader would take leading white space for indentation.
    if value.starts_with([' ', '\n']) {
        out.push('2');
    }
    out.push_str(chomping);
    out.push('\n');
    let trailing = value.len() - body.len();
    for line in body.split('\n') {
        if !line.is_empty() {
            pad(&mut out, indent + 2);
        }
        out.push_str(line);
        out.push('\n');
    }
    out.extend(std::iter::repeat_n('\n', trailing.saturating_sub(1)));
    out
}

fn double_quoted(value: &str) -> String {
    let mut out = String::from("\"");
    for c in value.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() || ('\u{80}'..'\u{a0}').contains(&c) || c == '\u{feff}' => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::to_yaml;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    #[test]
    fn texts_are_quoted_only_where_they_must_be() {
        let cases = [
            ("10.99.0.1", "10.99.0.1"),
            ("10.68.0.0/16", "10.68.0.0/16"),
            ("etcd-cke", "etcd-cke"),
            ("unix:///run/a.sock", "unix:///run/a.sock"),
            ("--v=2", "--v=2"),
            ("", "\"\""),
            ("true", "\"true\""),
            ("123", "\"123\""),
            ("1.5", "\"1.5\""),
            ("a: b", "'a: b'"),
            ("it's #1: x", "'it''s #1: x'"),
            ("* * *", "'* * *'"),
        ];
        for (text, want) in cases {
            assert_eq!(to_yaml(&json!({"a": text})), format!("a: {want}\n"), "{text}");
        }
    }

    #[test]
    fn structures_are_laid_out_as_go_does() {
        let value = json!({"b": [{"z": 1, "x": []}, [1, 2]], "a": {"policy": "x\ny\n", "empty": {}, "none": null}});
        let want = "a:\n  empty: {}\n  none: null\n  policy: |\n    x\n    y\nb:\n- x: []\n  z: 1\n- - 1\n  - 2\n";
        assert_eq!(to_yaml(&value), want);
    }

    fn values() -> impl Strategy<Value = Value> {
        let text = prop_oneof![
            "[ -~\n]{0,12}",
            "[-+.0-9:exobyn~=]{0,6}",
            "\\PC{0,6}",
            Just("yes".to_owned()),
            Just("1e3".to_owned()),
            Just("0x1f".to_owned()),
            Just("2026-11-22".to_owned()),
        ];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            text.prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-zA-Z0-9 :#-]{1,6}", inner, 0..4)
                    .prop_map(|m| Value::Object(m.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_the_same(value in prop::collection::btree_map("[a-z]{1,3}", values(), 0..4)) {
            let value = Value::Object(value.into_iter().collect());
            let text = to_yaml(&value);
            let read = cke_model::yaml::parse(&text, &mut Vec::new());
            prop_assert_eq!(read.unwrap(), value, "{}", text);
        }
    }
}
