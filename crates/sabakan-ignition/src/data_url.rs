//! `data:` URLs (RFC 2397), as the original reads and writes them.
//!
//! It is strict about what stands in one: the characters of a URL only, so a raw space, `"`, `#`, `{` or anything that is not
//! ASCII is an error.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode};

/// What every source of embedded contents begins with; in other case it is a remote source.
pub(crate) const PREFIX: &str = "data:";

/// Everything but the unreserved characters of RFC 2396 is escaped.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// As Go's decoder: bits left over after the last byte do not matter.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// The contents as a URL.
pub(crate) fn encode(contents: &[u8]) -> String {
    let mut url = String::with_capacity(contents.len() * 2);
    url.push_str("data:,");
    url.extend(percent_encoding::percent_encode(contents, ESCAPED));
    url
}

/// The contents of a URL that begins with [`PREFIX`].
pub(crate) fn decode(url: &str) -> Result<Vec<u8>, String> {
    let rest = url.strip_prefix(PREFIX).ok_or("it does not begin with \"data:\"")?;
    let (head, data) = split(rest)?;
    let base64 = media_type(head)?;
    if base64 {
        if let Some(bad) = data.chars().find(|c| !is_base64(*c)) {
            return Err(format!("{bad:?} in base64 data"));
        }
        return LENIENT
            .decode(data.replace('\n', ""))
            .map_err(|error| format!("bad base64: {error}"));
    }
    if let Some(bad) = data.chars().find(|c| !is_url(*c)) {
        return Err(format!("{bad:?} must be escaped"));
    }
    check_escapes(data)?;
    Ok(percent_decode(data.as_bytes()).collect())
}

/// Splits at the comma that ends the media type; one in quotes does not.
fn split(rest: &str) -> Result<(&str, &str), String> {
    let comma = unquoted(rest, ',').ok_or("a comma before the data is missing")?;
    Ok((
        rest.get(..comma).unwrap_or_default(),
        rest.get(comma + 1..).unwrap_or_default(),
    ))
}

/// Where a character stands first outside of quotes.
fn unquoted(text: &str, wanted: char) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    text.char_indices().find_map(|(at, c)| {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            c if c == wanted && !quoted => return Some(at),
            _ => {}
        }
        None
    })
}

/// Checks `type/subtype;attribute=value;base64`, and tells whether the data is in base64.
fn media_type(head: &str) -> Result<bool, String> {
    let (kind, mut rest) = head
        .split_at_checked(head.find(';').unwrap_or(head.len()))
        .unwrap_or_default();
    let tokens = |text: &str| text.chars().all(is_token);
    let good = kind
        .split_once('/')
        .is_some_and(|(kind, subtype)| !kind.is_empty() && tokens(kind) && tokens(subtype));
    if !kind.is_empty() && !good {
        return Err(format!("bad media type {kind:?}"));
    }
    while let Some(parameter) = rest.strip_prefix(';') {
        let end = unquoted(parameter, ';').unwrap_or(parameter.len());
        let (parameter, others) = parameter.split_at_checked(end).unwrap_or_default();
        if parameter == "base64" && others.is_empty() {
            return Ok(true);
        }
        match parameter.split_once('=') {
            Some((attribute, value)) if !attribute.is_empty() && tokens(attribute) && !value.is_empty() => {}
            _ => return Err(format!("bad parameter {parameter:?}")),
        }
        rest = others;
    }
    Ok(false)
}

fn check_escapes(data: &str) -> Result<(), String> {
    for (at, _) in data.match_indices('%') {
        let digits = data.get(at + 1..at + 3).unwrap_or_default();
        if digits.len() != 2 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(format!("bad escape %{digits}"));
        }
    }
    Ok(())
}

fn is_token(c: char) -> bool {
    c.is_ascii_graphic() && !"()<>@,;:\\\"/[]?=".contains(c)
}

fn is_url(c: char) -> bool {
    c.is_ascii_graphic() && !"<>#\"{}|\\^[]`".contains(c)
}

fn is_base64(c: char) -> bool {
    c.is_ascii_alphanumeric() || "+/=\n".contains(c)
}
