//! One log line as text. Pure: the time and the host are given.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::Value;

/// The shape of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `TIME HOST TOPIC SEVERITY: "MESSAGE" key="value"`, keys sorted.
    Plain,
    /// `topic=... logged_at=... severity=... utsname=... message="..." key="value"`.
    Logfmt,
    /// One JSON object.
    Json,
}

impl Format {
    /// By its name; empty is `plain`.
    pub fn parse(name: &str) -> Option<Format> {
        match name {
            "" | "plain" => Some(Format::Plain),
            "logfmt" => Some(Format::Logfmt),
            "json" => Some(Format::Json),
            _ => None,
        }
    }
}

/// Where lines come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origin {
    /// The program.
    pub(super) topic: String,
    /// The host.
    pub(super) utsname: String,
}

impl Origin {
    pub(super) fn of_process() -> Origin {
        let program = std::env::args_os().next().unwrap_or_default();
        let program = std::path::Path::new(&program).file_name().unwrap_or_default();
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        Origin {
            topic: topic(&program.to_string_lossy()),
            utsname: host.trim().to_owned(),
        }
    }
}

/// A program's name as a topic, which is of `[.a-z0-9-]+` and at most 128 long.
fn topic(name: &str) -> String {
    let allowed = |c: char| match c.to_ascii_lowercase() {
        c @ ('.' | '-' | '0'..='9' | 'a'..='z') => c,
        _ => '-',
    };
    name.chars().map(allowed).take(128).collect()
}

/// What one line says.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) at: Timestamp,
    pub(super) severity: &'static str,
    pub(super) message: String,
    /// In order, each name once.
    pub(super) fields: Vec<(String, Value)>,
}

/// The line, with its newline.
pub(super) fn line(format: Format, origin: &Origin, record: &Record) -> String {
    let mut line = match format {
        Format::Plain => plain(origin, record),
        Format::Logfmt => logfmt(origin, record),
        Format::Json => json(origin, record),
    };
    line.push('\n');
    line
}

fn plain(origin: &Origin, record: &Record) -> String {
    let Origin { topic, utsname } = origin;
    let mut line = format!(
        "{} {utsname} {topic} {}: {}",
        time(record.at),
        record.severity,
        quote(&record.message)
    );
    let mut fields: Vec<_> = record.fields.iter().collect();
    fields.sort_by(|a, b| a.0.cmp(&b.0));
    fields
        .into_iter()
        .for_each(|(name, value)| push(&mut line, name, value));
    line
}

fn logfmt(origin: &Origin, record: &Record) -> String {
    let Origin { topic, utsname } = origin;
    let mut line = format!(
        "topic={topic} logged_at={} severity={}",
        time(record.at),
        record.severity
    );
    line.push_str(&format!(" utsname={utsname} message={}", quote(&record.message)));
    record
        .fields
        .iter()
        .for_each(|(name, value)| push(&mut line, name, value));
    line
}

fn json(origin: &Origin, record: &Record) -> String {
    let fixed = [
        ("topic", origin.topic.clone()),
        ("logged_at", time(record.at)),
        ("severity", record.severity.to_owned()),
        ("utsname", origin.utsname.clone()),
        ("message", record.message.clone()),
    ];
    let fixed = fixed
        .into_iter()
        .map(|(name, value)| (name.to_owned(), Value::from(value)));
    let members: Vec<String> = fixed
        .chain(record.fields.iter().cloned())
        .map(|(name, value)| format!("{}:{value}", Value::from(name)))
        .collect();
    format!("{{{}}}", members.join(","))
}

fn push(line: &mut String, name: &str, value: &Value) {
    let text = match value {
        Value::String(text) => quote(text),
        other => other.to_string(),
    };
    // Writing to a String cannot fail.
    let _ = write!(line, " {name}={text}");
}

/// RFC 3339 in UTC with microseconds.
fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}

/// In double quotes, as Go's `strconv.Quote`.
fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            // Writing to a String cannot fail.
            c if c.is_ascii_control() => _ = write!(quoted, "\\x{:02x}", u32::from(c)),
            c if c.is_control() => _ = write!(quoted, "\\u{:04x}", u32::from(c)),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
