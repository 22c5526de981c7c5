//! `time.Duration` in words: `1h30m0.5s`.

/// The text of a number of nanoseconds.
pub(super) fn text(nanos: i64) -> String {
    if nanos == 0 {
        return "0s".to_owned();
    }
    let sign = if nanos < 0 { "-" } else { "" };
    let magnitude = nanos.unsigned_abs();
    let (unit, name) = match magnitude {
        0..1_000 => (1, "ns"),
        1_000..1_000_000 => (1_000, "µs"),
        1_000_000..1_000_000_000 => (1_000_000, "ms"),
        _ => return format!("{sign}{}", long(magnitude)),
    };
    format!("{sign}{}{name}", decimal(magnitude, unit))
}

fn long(magnitude: u64) -> String {
    const MINUTE: u64 = 60_000_000_000;
    let seconds = decimal(magnitude % MINUTE, 1_000_000_000);
    match (magnitude / MINUTE / 60, magnitude / MINUTE % 60) {
        (0, 0) => format!("{seconds}s"),
        (0, minutes) => format!("{minutes}m{seconds}s"),
        (hours, minutes) => format!("{hours}h{minutes}m{seconds}s"),
    }
}

/// `magnitude / unit` with the digits that it needs; `unit` is a power of ten.
fn decimal(magnitude: u64, unit: u64) -> String {
    let fraction = unit.ilog10() as usize;
    let digits = format!("{:0fraction$}", magnitude % unit);
    let digits = if fraction == 0 {
        ""
    } else {
        digits.trim_end_matches('0')
    };
    let point = if digits.is_empty() { "" } else { "." };
    format!("{}{point}{digits}", magnitude / unit)
}
