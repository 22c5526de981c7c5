//! Durations as Go writes them: `1h0m0s`, `1.5s`, `300ms`.

use serde_json::Value;

/// Nanoseconds of a duration in a configuration: text, or a number of nanoseconds. `None` for anything else.
pub(super) fn nanoseconds(value: &Value) -> Option<i128> {
    match value {
        Value::String(text) => parse(text),
        Value::Number(number) => number.as_i64().map(i128::from),
        _ => None,
    }
}

/// Parses what Go's `time.ParseDuration` accepts.
pub fn parse(text: &str) -> Option<i128> {
    let (negative, mut rest) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total = 0_i128;
    while !rest.is_empty() {
        let (part, left) = next_part(rest)?;
        total = total.checked_add(part)?;
        rest = left;
    }
    Some(if negative { -total } else { total })
}

/// One number with its unit, and what follows.
fn next_part(text: &str) -> Option<(i128, &str)> {
    let number_len = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, rest) = text.split_at_checked(number_len)?;
    let unit_len = rest
        .find(|c: char| c.is_ascii_digit() || c == '.')
        .unwrap_or(rest.len());
    let (unit, rest) = rest.split_at_checked(unit_len)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let unit = unit_nanoseconds(unit)?;
    let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    whole
        .checked_mul(unit)?
        .checked_add(fraction_nanoseconds(fraction, unit)?)
        .map(|part| (part, rest))
}

/// The part of a unit that decimal digits stand for, cut off below a nanosecond.
fn fraction_nanoseconds(digits: &str, unit: i128) -> Option<i128> {
    // Nanoseconds end after 13 digits of an hour: what follows cannot change the result.
    let digits = digits.get(..digits.len().min(18))?;
    if digits.is_empty() {
        return Some(0);
    }
    let value: i128 = digits.parse().ok()?;
    let scale = 10_i128.checked_pow(u32::try_from(digits.len()).ok()?)?;
    value.checked_mul(unit).map(|product| product / scale)
}

fn unit_nanoseconds(unit: &str) -> Option<i128> {
    Some(match unit {
        "ns" => 1,
        "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60 * 1_000_000_000,
        "h" => 3_600 * 1_000_000_000,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn reads_what_go_writes() {
        let second = 1_000_000_000;
        for (text, expected) in [
            ("0s", Some(0)),
            ("0", Some(0)),
            ("1m0s", Some(60 * second)),
            ("60s", Some(60 * second)),
            ("24h0m0s", Some(86_400 * second)),
            ("1.5s", Some(3 * second / 2)),
            ("-1h", Some(-3_600 * second)),
            ("1h1m1.001s", Some(3_661 * second + 1_000_000)),
            ("300ms", Some(300_000_000)),
            (".5s", Some(second / 2)),
            ("15\u{b5}s", Some(15_000)),
            ("", None),
            ("-", None),
            ("1", None),
            ("1x", None),
            (".s", None),
            ("s", None),
            ("99999999999999999999999999999999999999999h", None),
        ] {
            assert_eq!(parse(text), expected, "{text:?}");
        }
    }
}
