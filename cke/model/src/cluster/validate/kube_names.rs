//! Names and values as Kubernetes allows them.

const MAX_NAME: usize = 63;
const MAX_SUBDOMAIN: usize = 253;

/// A name with an optional prefix, as of labels, taints and annotations: `example.com/name`.
pub(super) fn qualified_name(text: &str) -> Result<(), String> {
    let (prefix, name) = match text.split('/').collect::<Vec<_>>()[..] {
        [name] => (None, name),
        [prefix, name] => (Some(prefix), name),
        _ => return Err(format!("{text:?} has more than one /")),
    };
    match prefix {
        Some("") => return Err(format!("{text:?} has an empty prefix")),
        Some(prefix) => subdomain(prefix).map_err(|problem| format!("prefix of {text:?}: {problem}"))?,
        None => {}
    }
    if name.is_empty() {
        return Err(format!("{text:?} has an empty name"));
    }
    word(name)
}

/// A label's value.
pub(super) fn label_value(text: &str) -> Result<(), String> {
    if text.is_empty() { Ok(()) } else { word(text) }
}

fn word(text: &str) -> Result<(), String> {
    if text.len() > MAX_NAME {
        return Err(format!("{text:?} is longer than {MAX_NAME} characters"));
    }
    let inner = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let end = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    if text.chars().all(inner) && end(text.chars().next()) && end(text.chars().last()) {
        return Ok(());
    }
    Err(format!(
        "{text:?} must consist of letters, digits, '-', '_' and '.', and begin and end with a letter or digit"
    ))
}

/// A DNS name in small letters.
pub(super) fn subdomain(text: &str) -> Result<(), String> {
    if text.len() > MAX_SUBDOMAIN {
        return Err(format!("{text:?} is longer than {MAX_SUBDOMAIN} characters"));
    }
    if text.split('.').all(is_dns_label) {
        return Ok(());
    }
    Err(format!(
        "{text:?} must consist of small letters, digits, '-' and '.', and its parts begin and end with a letter or digit"
    ))
}

fn is_dns_label(text: &str) -> bool {
    let alphanumeric = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = text.as_bytes();
    let end = |b: Option<&u8>| b.is_some_and(|b| alphanumeric(*b));
    bytes.iter().all(|b| alphanumeric(*b) || *b == b'-') && end(bytes.first()) && end(bytes.last())
}
