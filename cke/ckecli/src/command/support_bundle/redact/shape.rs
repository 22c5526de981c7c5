//! What secrets look like in a text.

use super::{HIDDEN, is_secret_name};
use regex::{Captures, Regex};
use std::sync::LazyLock;

/// Random characters from this length on are taken for a secret.
const LONG: usize = 20;

/// A name with its value, in any of the usual ways: `name=value`, `name: value`, `"name": "value"`, `--name value`, a block of YAML.
const NAMED: &str = r#"(?x)
    (?P<name> [A-Za-z0-9_.\-]+ )
    (?P<between> \\?["']? \s* [=:] \s* | \s+ )
    (?P<value> \\?"[^"\\]*\\?"? | '[^']*'? | [|>][+\-]?[\ \t]*\n(?:[\ \t]+[^\n]*\n?)+ | \S+ )"#;

/// A manifest of a Secret, in YAML or JSON.
const SECRET: &str = r#"\bkind\\?["']?\s*:\s*\\?["']?Secret\b"#;

/// A private key, as far as it goes.
const PRIVATE_KEY: &str = r"(?s)-----BEGIN [A-Z0-9 ]*PRIVATE KEY[A-Z0-9 ]*-----.*?(?:-----END [A-Z0-9 ]*-----|\z)";

/// Shapes with what comes before the secret in `$1`.
const SHAPES: [&str; 5] = [
    // Who logs in where: user and password in a URL.
    r#"([A-Za-z][A-Za-z0-9+.\-]*://)[^\s"']*@"#,
    r"(?i)(\bbearer\s+|\bauthorization\s*[:=]\s*\S+\s+)\S+",
    // As curl and others take it.
    r"((?:^|\s)(?:-u|--user)(?:\s+|=)?[^\s:=]*:)\S+",
    // JSON web tokens.
    r"(\b)eyJ[A-Za-z0-9_\-]+\.[A-Za-z0-9_\-]+(?:\.[A-Za-z0-9_\-]*)?",
    // Tokens that say whose they are: of Vault, GitHub, AWS, Slack, GitLab.
    r"(\b)(?:hv[sbr]\.[A-Za-z0-9_\-]{8,}|[sbr]\.[A-Za-z0-9]{20,}|gh[a-z]_[A-Za-z0-9]{8,}|github_pat_\w+|A[KS]IA[A-Z0-9]{12,}|xox[a-z]-[\w\-]+|glpat-[\w\-]+)",
];

/// Characters that random ones are written with.
const RUN: &str = r"(?:sha(?:256|512):)?[A-Za-z0-9+/_\-]{8,}={0,2}";

/// The expressions are constants: each of them is compiled by the tests of this module.
struct Patterns {
    secret: Regex,
    private_key: Regex,
    shapes: Vec<Regex>,
    named: Regex,
    run: Regex,
}

static PATTERNS: LazyLock<Option<Patterns>> = LazyLock::new(|| {
    Some(Patterns {
        secret: Regex::new(SECRET).ok()?,
        private_key: Regex::new(PRIVATE_KEY).ok()?,
        shapes: SHAPES
            .iter()
            .map(|shape| Regex::new(shape).ok())
            .collect::<Option<_>>()?,
        named: Regex::new(NAMED).ok()?,
        run: Regex::new(RUN).ok()?,
    })
});

/// The text without what looks like a secret.
pub(super) fn without_secrets(text: &str) -> String {
    let Some(patterns) = PATTERNS.as_ref() else {
        return HIDDEN.to_owned();
    };
    if patterns.secret.is_match(text) {
        return HIDDEN.to_owned();
    }
    let mut text = patterns.private_key.replace_all(text, HIDDEN).into_owned();
    for shape in &patterns.shapes {
        text = shape.replace_all(&text, format!("${{1}}{HIDDEN}")).into_owned();
    }
    let text = without_named(&patterns.named, &text);
    without_runs(&patterns.run, &text)
}

/// A value that follows a name is looked for from there on, whatever the name is: it may be a name itself.
fn without_named(named: &Regex, text: &str) -> String {
    let (mut shown, mut at) = (String::new(), 0);
    while let Some(found) = named.captures_at(text, at) {
        let part = |name| found.name(name).map_or((at, at), |part| (part.start(), part.end()));
        let ((start, end), (from, to)) = (part("name"), part("value"));
        let name = text.get(start..end).unwrap_or_default();
        shown.push_str(text.get(at..from).unwrap_or_default());
        // A value is not empty, and lies behind its name.
        at = from;
        if is_value_secret(name, &found) {
            shown.push_str(HIDDEN);
            at = to;
        }
    }
    shown.push_str(text.get(at..).unwrap_or_default());
    shown
}

/// What merely follows a word is its value only where the word is a flag. A path says where a secret is, and not what.
fn is_value_secret(name: &str, found: &Captures<'_>) -> bool {
    let assigned = found["between"].contains(['=', ':']);
    let value = &found["value"];
    let says_where = name.ends_with("file") || name.ends_with("path") || name.ends_with("dir");
    is_secret_name(name)
        && (assigned || name.starts_with('-'))
        && !(says_where && value.starts_with('/'))
        && value != HIDDEN
}

fn without_runs(run: &Regex, text: &str) -> String {
    let (mut shown, mut at) = (String::new(), 0);
    for found in run.find_iter(text) {
        let rest = text.get(found.end()..).unwrap_or_default();
        let padded = found.as_str().ends_with('=') && found.len() % 4 == 0 && !rest.starts_with(char::is_alphanumeric);
        let hides = padded || is_random(found.as_str());
        shown.push_str(text.get(at..found.start()).unwrap_or_default());
        shown.push_str(if hides { HIDDEN } else { found.as_str() });
        at = found.end();
    }
    shown.push_str(text.get(at..).unwrap_or_default());
    shown
}

/// Whether nobody would write this by hand. What is known by its digest is no secret.
fn is_random(run: &str) -> bool {
    if run.starts_with("sha") && run.contains(':') {
        return false;
    }
    let run = run.trim_end_matches('=');
    let count = |is: fn(&u8) -> bool| run.bytes().filter(is).count();
    let (digits, letters) = (count(u8::is_ascii_digit), count(u8::is_ascii_alphabetic));
    if run.len() < LONG || letters == 0 {
        return false;
    }
    let plain = digits + letters == run.len();
    // In words the kind of character seldom changes.
    let changes = run
        .bytes()
        .zip(run.bytes().skip(1))
        .filter(|(one, next)| kind(*one) != kind(*next));
    (plain && digits >= 3) || changes.count() * 10 >= run.len() * 3
}

fn kind(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => 0,
        b'a'..=b'z' => 1,
        b'A'..=b'Z' => 2,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_expressions_are_expressions() {
        assert!(PATTERNS.is_some());
    }
}
