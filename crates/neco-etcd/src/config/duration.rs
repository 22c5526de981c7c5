//! Durations as Go writes them: `2s`, `1h30m`, `1.5s`, `500ms`.

use std::time::Duration;

/// A text that is no duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no duration: {reason} (examples: 2s, 1m30s, 500ms)")]
pub struct InvalidDuration {
    text: String,
    reason: &'static str,
}

/// Nanoseconds in each unit; the longer name of two that begin alike comes first.
const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("\u{b5}s", 1_000),
    ("\u{3bc}s", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Parses what Go's `time.ParseDuration` parses, without a sign.
///
/// # Errors
/// When the text is empty, has no unit, an unknown one, or is longer than 292 years (Go's limit).
pub fn parse_go_duration(text: &str) -> Result<Duration, InvalidDuration> {
    let invalid = |reason| InvalidDuration {
        text: text.to_owned(),
        reason,
    };
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest.is_empty() {
        return Err(invalid("it is empty"));
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let (nanos, after) = part(rest).map_err(invalid)?;
        total = total
            .checked_add(nanos)
            .filter(|total| i64::try_from(*total).is_ok())
            .ok_or_else(|| invalid("it is too long"))?;
        rest = after;
    }
    Ok(Duration::from_nanos(total))
}

/// One number and its unit, in nanoseconds, and what follows them.
fn part(text: &str) -> Result<(u64, &str), &'static str> {
    let number_end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .ok_or("a number has no unit")?;
    let (number, rest) = text.split_at(number_end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() {
        return Err("a number is missing");
    }
    if fraction.contains('.') {
        return Err("a number has two points");
    }
    let (name, unit) = UNITS
        .iter()
        .find(|(name, _)| {
            rest.strip_prefix(name)
                .is_some_and(|after| !after.starts_with(|c: char| c.is_alphabetic()))
        })
        .ok_or("its unit is unknown")?;
    let nanos = scaled(whole, fraction, *unit).ok_or("it is too long")?;
    Ok((nanos, rest.get(name.len()..).unwrap_or("")))
}

/// `whole.fraction` times `unit`, rounded down; `None` when it does not fit.
fn scaled(whole: &str, fraction: &str, unit: u64) -> Option<u64> {
    let digits = |text: &str| {
        if text.is_empty() {
            Some(0)
        } else {
            text.parse::<u64>().ok()
        }
    };
    // What lies behind the eighteenth digit is below a nanosecond for every unit.
    let fraction = fraction.get(..18).unwrap_or(fraction);
    let places = u32::try_from(fraction.len()).ok()?;
    let part = u128::from(digits(fraction)?) * u128::from(unit) / 10_u128.checked_pow(places)?;
    digits(whole)?.checked_mul(unit)?.checked_add(u64::try_from(part).ok()?)
}
