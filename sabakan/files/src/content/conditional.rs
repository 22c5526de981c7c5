//! Preconditions of RFC 9110, section 13, in the order of 13.2.2; pure.

use std::{
    ops::Range,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use http::{HeaderMap, Method, header};
use jiff::fmt::rfc2822;

use super::range::{self, Asked};

/// What is known of the content that is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// Its length in bytes.
    pub len: u64,
    /// Its entity tag, quotes included.
    pub etag: Option<&'a str>,
    /// Its last modification.
    pub modified: Option<SystemTime>,
}

/// How to answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// 200 with all of it.
    Whole,
    /// 206 with this stretch.
    Part(Range<u64>),
    /// 304.
    NotModified,
    /// 412.
    PreconditionFailed,
    /// 416.
    OutsideRange,
}

/// Decides for a GET or HEAD with these headers.
#[must_use]
pub fn decide(method: &Method, headers: &HeaderMap, facts: &Facts<'_>) -> Decision {
    if fails_match(headers, facts) {
        return Decision::PreconditionFailed;
    }
    if is_unchanged(headers, facts) {
        return Decision::NotModified;
    }
    if method != Method::GET || !range_applies(headers, facts) {
        return Decision::Whole;
    }
    match text(headers, &header::RANGE).map(|value| range::parse(value, facts.len)) {
        Some(Asked::Part(part)) => Decision::Part(part),
        Some(Asked::Outside) => Decision::OutsideRange,
        Some(Asked::Whole) | None => Decision::Whole,
    }
}

fn fails_match(headers: &HeaderMap, facts: &Facts<'_>) -> bool {
    if let Some(wanted) = text(headers, &header::IF_MATCH) {
        return !lists(wanted, facts.etag, false);
    }
    match (date(headers, &header::IF_UNMODIFIED_SINCE), facts.modified) {
        (Some(limit), Some(modified)) => seconds(modified) > seconds(limit),
        _ => false,
    }
}

fn is_unchanged(headers: &HeaderMap, facts: &Facts<'_>) -> bool {
    if let Some(known) = text(headers, &header::IF_NONE_MATCH) {
        return lists(known, facts.etag, true);
    }
    match (date(headers, &header::IF_MODIFIED_SINCE), facts.modified) {
        (Some(known), Some(modified)) => seconds(modified) <= seconds(known),
        _ => false,
    }
}

/// `If-Range`: a range counts only while the content is the one the client has the rest of.
fn range_applies(headers: &HeaderMap, facts: &Facts<'_>) -> bool {
    let Some(value) = text(headers, &header::IF_RANGE) else {
        return true;
    };
    if value.starts_with('"') {
        return facts.etag == Some(value);
    }
    match (parse_date(value), facts.modified) {
        (Some(known), Some(modified)) => seconds(known) == seconds(modified),
        _ => false,
    }
}

/// Whether the list of entity tags names ours; `weak` lets `W/` pass.
fn lists(list: &str, etag: Option<&str>, weak: bool) -> bool {
    list.split(',').map(str::trim).any(|item| {
        let item = if weak {
            item.strip_prefix("W/").unwrap_or(item)
        } else {
            item
        };
        item == "*" || Some(item) == etag
    })
}

fn text<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn date(headers: &HeaderMap, name: &header::HeaderName) -> Option<SystemTime> {
    parse_date(text(headers, name)?)
}

fn parse_date(text: &str) -> Option<SystemTime> {
    let time = rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(UNIX_EPOCH + Duration::from_secs(u64::try_from(time.as_second()).ok()?))
}

/// A time as HTTP writes it, `Sun, 06 Nov 1994 08:49:37 GMT`.
#[must_use]
pub fn http_date(time: SystemTime) -> Option<String> {
    let stamp = jiff::Timestamp::try_from(time).ok()?;
    rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&stamp).ok()
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const TAG: &str = "\"abc\"";
    const THEN: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const LATER: &str = "Mon, 07 Nov 1994 08:49:37 GMT";
    const EARLIER: &str = "Sat, 05 Nov 1994 08:49:37 GMT";

    fn ask(headers: &[(&str, &str)]) -> Decision {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(
                header::HeaderName::from_bytes(name.as_bytes()).unwrap(),
                value.parse().unwrap(),
            );
        }
        // Half a second more than the header can say: whole seconds count.
        let modified = parse_date(THEN).unwrap() + Duration::from_millis(500);
        decide(
            &Method::GET,
            &map,
            &Facts {
                len: 100,
                etag: Some(TAG),
                modified: Some(modified),
            },
        )
    }

    #[test]
    fn preconditions_are_met_in_order() {
        let part = Decision::Part(0..10);
        let cases: Vec<(Vec<(&str, &str)>, Decision)> = vec![
            (vec![], Decision::Whole),
            (vec![("if-none-match", TAG)], Decision::NotModified),
            (vec![("if-none-match", "W/\"abc\"")], Decision::NotModified),
            (vec![("if-none-match", "\"x\", \"abc\"")], Decision::NotModified),
            (
                vec![("if-none-match", "\"x\""), ("if-modified-since", LATER)],
                Decision::Whole,
            ),
            (vec![("if-modified-since", THEN)], Decision::NotModified),
            (vec![("if-modified-since", EARLIER)], Decision::Whole),
            (vec![("if-modified-since", "yesterday")], Decision::Whole),
            (vec![("if-match", "\"x\"")], Decision::PreconditionFailed),
            (vec![("if-match", "*")], Decision::Whole),
            (vec![("if-unmodified-since", EARLIER)], Decision::PreconditionFailed),
            (vec![("range", "bytes=0-9")], part.clone()),
            (vec![("range", "bytes=0-9"), ("if-range", TAG)], part.clone()),
            (vec![("range", "bytes=0-9"), ("if-range", "\"x\"")], Decision::Whole),
            (vec![("range", "bytes=0-9"), ("if-range", "W/\"abc\"")], Decision::Whole),
            (vec![("range", "bytes=0-9"), ("if-range", THEN)], part),
            (vec![("range", "bytes=0-9"), ("if-range", LATER)], Decision::Whole),
            (vec![("range", "bytes=100-")], Decision::OutsideRange),
        ];
        for (headers, wanted) in cases {
            assert_eq!(ask(&headers), wanted, "{headers:?}");
        }
    }

    #[test]
    fn dates_are_written_as_http_has_them() {
        assert_eq!(http_date(parse_date(THEN).unwrap()).unwrap(), THEN);
    }
}
