//! Figures as people read them.

use indicatif::HumanBytes;

/// A length of time in its two largest units.
pub(crate) fn span(seconds: f64) -> String {
    let (second, sign) = (seconds.abs(), if seconds < 0.0 { "-" } else { "" });
    let units = [
        (86_400.0, "d", 3_600.0, "h"),
        (3_600.0, "h", 60.0, "m"),
        (60.0, "m", 1.0, "s"),
    ];
    match units.into_iter().find(|(size, ..)| second >= *size) {
        None => format!("{sign}{second:.1}s"),
        Some((size, name, below, below_name)) => {
            let rest = (second % size / below).floor();
            format!("{sign}{:.0}{name}{rest:.0}{below_name}", (second / size).floor())
        }
    }
}

/// Bytes in a unit that people read.
pub(crate) fn size(bytes: i64) -> String {
    u64::try_from(bytes).map_or_else(|_| bytes.to_string(), |bytes| HumanBytes(bytes).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans() {
        let cases = [
            (0.25, "0.2s"),
            (59.94, "59.9s"),
            (61.0, "1m1s"),
            (3_700.0, "1h1m"),
            (200_000.0, "2d7h"),
            (-90.0, "-1m30s"),
        ];
        for (seconds, want) in cases {
            assert_eq!(span(seconds), want);
        }
    }
}
