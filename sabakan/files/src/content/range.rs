//! The `Range` header (RFC 9110, section 14), pure.
//!
//! One range is served. Several at once may be answered with the whole content by the RFC, and are: no boot
//! firmware asks for them, and joined ranges are a known way to make a server work hard.

use std::ops::Range;

/// What a `Range` header asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// The whole: no range, one that is not understood, or several.
    Whole,
    /// One stretch, in bytes, never empty.
    Part(Range<u64>),
    /// A range that lies outside of the content: 416.
    Outside,
}

/// Reads the header's value against a content of `len` bytes.
#[must_use]
pub fn parse(value: &str, len: u64) -> Asked {
    let Some((unit, set)) = value.trim().split_once('=') else {
        return Asked::Whole;
    };
    if !unit.eq_ignore_ascii_case("bytes") {
        return Asked::Whole;
    }
    // Empty elements of a list count for nothing (section 5.6.1): `bytes=1-2,` is one range.
    let mut specs = set.split(',').map(str::trim).filter(|spec| !spec.is_empty());
    match (specs.next(), specs.next()) {
        (None, _) => Asked::Whole,
        (Some(only), None) => one(only, len),
        (Some(first), Some(second)) => several([first, second].into_iter().chain(specs), len),
    }
}

/// Several ranges: the whole, or 416 when none of them can be met.
fn several<'a>(mut specs: impl Iterator<Item = &'a str>, len: u64) -> Asked {
    let all_outside = specs.all(|spec| one(spec, len) == Asked::Outside);
    if all_outside { Asked::Outside } else { Asked::Whole }
}

fn one(spec: &str, len: u64) -> Asked {
    let Some((first, last)) = spec.split_once('-') else {
        return Asked::Whole;
    };
    match (number(first), number(last)) {
        (Number::Value(first), Number::Absent) if first < len => Asked::Part(first..len),
        (Number::Value(first), Number::Value(last)) if first > last => Asked::Whole,
        (Number::Value(first), Number::Value(last)) if first < len => {
            Asked::Part(first..last.saturating_add(1).min(len))
        }
        (Number::Absent, Number::Value(suffix)) if suffix > 0 && len > 0 => {
            Asked::Part(len.saturating_sub(suffix)..len)
        }
        (Number::Value(_), Number::Absent | Number::Value(_)) | (Number::Absent, Number::Value(_)) => Asked::Outside,
        _ => Asked::Whole,
    }
}

enum Number {
    Absent,
    Value(u64),
    Bad,
}

fn number(text: &str) -> Number {
    if text.is_empty() {
        return Number::Absent;
    }
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Number::Bad;
    }
    // More digits than fit name a place beyond any file.
    Number::Value(text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::{Asked, parse};

    #[test]
    fn ranges_are_read_as_rfc_9110_says() {
        let cases = [
            ("bytes=0-0", Asked::Part(0..1)),
            ("bytes=0-", Asked::Part(0..100)),
            ("bytes=10-19", Asked::Part(10..20)),
            ("bytes=90-200", Asked::Part(90..100)),
            ("bytes=-10", Asked::Part(90..100)),
            ("bytes=-200", Asked::Part(0..100)),
            ("bytes=-0", Asked::Outside),
            ("bytes=100-", Asked::Outside),
            ("bytes=99999999999999999999-", Asked::Outside),
            ("bytes=5-4", Asked::Whole),
            ("bytes=", Asked::Whole),
            ("bytes=-", Asked::Whole),
            ("bytes=a-b", Asked::Whole),
            ("bytes=+1-2", Asked::Whole),
            ("items=0-1", Asked::Whole),
            ("bytes=0-1,5-6", Asked::Whole),
            ("bytes=200-300,400-", Asked::Outside),
            ("bytes=1-2,", Asked::Part(1..3)),
            ("bytes=, 1-2 ,,", Asked::Part(1..3)),
            ("bytes=,", Asked::Whole),
            ("bytes= , ,", Asked::Whole),
            ("bytes=200-,", Asked::Outside),
            ("bytes=200-,,x", Asked::Whole),
            ("Bytes=1-2", Asked::Part(1..3)),
        ];
        for (value, wanted) in cases {
            assert_eq!(parse(value, 100), wanted, "{value}");
        }
        assert_eq!(parse("bytes=0-", 0), Asked::Outside);
    }
}
