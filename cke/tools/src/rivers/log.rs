//! Log lines in the original's three formats, on stderr or in a file.

#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde_json::Value;

use crate::flags::Arguments;

/// How much a line matters, most first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum Level {
    Critical,
    Error,
    Warning,
    Info,
    Debug,
}

impl Level {
    fn parse(name: &str) -> Option<Level> {
        Some(match name {
            "critical" | "crit" => Level::Critical,
            "error" => Level::Error,
            "warning" | "warn" => Level::Warning,
            "" | "information" | "info" => Level::Info,
            "debug" => Level::Debug,
            _ => return None,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Level::Critical => "critical",
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Info => "info",
            Level::Debug => "debug",
        }
    }
}

/// The shape of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Plain,
    Logfmt,
    Json,
}

/// Where lines go, and which.
#[derive(Debug)]
pub struct Log {
    level: Level,
    format: Format,
    host: String,
    file: Option<Mutex<File>>,
}

/// A field of a line.
pub type Field<'a> = (&'a str, Value);

impl Log {
    /// As the flags say. A flag that says nothing sensible is told, and is no reason to leave a node without its proxy.
    #[must_use]
    pub fn of(args: &Arguments) -> Log {
        let [level, format, file] = ["loglevel", "logformat", "logfile"].map(|flag| args.value(flag));
        let opened = Some(file)
            .filter(|f| !f.is_empty())
            .map(|f| File::options().create(true).append(true).open(f));
        let parsed = match format {
            "" | "plain" => Some(Format::Plain),
            "logfmt" => Some(Format::Logfmt),
            "json" => Some(Format::Json),
            _ => None,
        };
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let failure = opened.as_ref().and_then(|o| o.as_ref().err()).map(ToString::to_string);
        let log = Log {
            level: Level::parse(level).unwrap_or(Level::Info),
            format: parsed.unwrap_or(Format::Plain),
            host: host.trim().to_owned(),
            file: opened.and_then(Result::ok).map(Mutex::new),
        };
        log.warn_of_flag(Level::parse(level).is_none(), "loglevel", level, None);
        log.warn_of_flag(parsed.is_none(), "logformat", format, None);
        log.warn_of_flag(failure.is_some(), "logfile", file, failure);
        log
    }

    fn warn_of_flag(&self, ignored: bool, flag: &str, value: &str, error: Option<String>) {
        if ignored {
            let fields = [("flag", flag.into()), ("value", value.into()), ("error", error.into())];
            self.write(Level::Warning, "a flag is ignored", &fields);
        }
    }

    /// Writes a line, in one write; a log that cannot be written stops nothing.
    pub fn write(&self, level: Level, message: &str, fields: &[Field<'_>]) {
        if level > self.level {
            return;
        }
        let line = line(self.format, &self.host, Timestamp::now(), level, message, fields);
        let _ = match &self.file {
            Some(file) => file
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .write_all(line.as_bytes()),
            None => std::io::stderr().lock().write_all(line.as_bytes()),
        };
    }
}

fn line(format: Format, host: &str, at: Timestamp, level: Level, message: &str, fields: &[Field<'_>]) -> String {
    let (at, level) = (at.strftime("%Y-%m-%dT%H:%M:%S.%6fZ"), level.name());
    let mut line = match format {
        Format::Plain => format!("{at} {host} rivers {level}: {}", quote(message)),
        Format::Logfmt => {
            format!(
                "topic=rivers logged_at={at} severity={level} utsname={host} message={}",
                quote(message)
            )
        }
        Format::Json => {
            let (host, message) = (Value::from(host), Value::from(message));
            let head = r#"{"topic":"rivers","logged_at":"#;
            format!(r#"{head}"{at}","severity":"{level}","utsname":{host},"message":{message}"#)
        }
    };
    let mut fields: Vec<_> = fields.iter().filter(|(_, value)| !value.is_null()).collect();
    fields.sort_by_key(|(name, _)| *name);
    for (name, value) in fields {
        // Writing to a String cannot fail.
        let _ = match (format, value) {
            (Format::Json, value) => write!(line, ",{}:{value}", Value::from(*name)),
            (_, Value::String(text)) => write!(line, " {name}={}", quote(text)),
            (_, value) => write!(line, " {name}={value}"),
        };
    }
    line.push_str(if format == Format::Json { "}\n" } else { "\n" });
    line
}

/// In double quotes, as Go's `strconv.Quote`.
fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
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
