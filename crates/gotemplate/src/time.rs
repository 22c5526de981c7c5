//! `time.Time` as templates see it: its printed form, layouts, and the methods that make sense in a template.
//!
//! There is no clock and no zone database here: a time is an instant with an offset from UTC, as sabakan stores it.

mod duration;
mod layout;
mod methods;

use std::fmt;

pub(crate) use methods::methods;
pub use methods::{DURATION, MONTH, WEEKDAY};

const DAY: i64 = 86_400;

/// An instant with an offset from UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time {
    /// Seconds since 1970-01-01 00:00:00 UTC.
    pub seconds: i64,
    /// Nanoseconds of the second.
    pub nanos: u32,
    /// Seconds east of UTC. 0 prints as `UTC`.
    pub offset: i32,
}

impl Default for Time {
    /// Go's zero time: 0001-01-01 00:00:00 UTC.
    fn default() -> Self {
        Self {
            seconds: -62_135_596_800,
            nanos: 0,
            offset: 0,
        }
    }
}

/// A time taken apart, in its own offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Civil {
    pub(crate) year: i64,
    /// 1 to 12.
    pub(crate) month: u8,
    /// 1 to 31.
    pub(crate) day: u8,
    /// 1 to 366.
    pub(crate) year_day: i64,
    /// 0 is Sunday.
    pub(crate) weekday: u8,
    pub(crate) hour: u8,
    pub(crate) minute: u8,
    pub(crate) second: u8,
}

impl Time {
    /// A time from its instant and its offset from UTC in seconds.
    pub fn new(seconds: i64, nanos: u32, offset: i32) -> Self {
        Self { seconds, nanos, offset }
    }

    pub(crate) fn civil(self) -> Civil {
        let local = self.seconds.saturating_add(i64::from(self.offset));
        let (days, rest) = (local.div_euclid(DAY), local.rem_euclid(DAY));
        let (year, month, day) = date(days);
        Civil {
            year,
            month,
            day,
            year_day: days - days_from(year, 1, 1) + 1,
            weekday: small((days + 4).rem_euclid(7)),
            hour: small(rest / 3600),
            minute: small(rest / 60 % 60),
            second: small(rest % 60),
        }
    }

    /// The offset as `+0900`, with a colon as `+09:00`.
    pub(crate) fn offset_text(self, colon: &str) -> String {
        let minutes = self.offset.abs() / 60;
        let sign = if self.offset < 0 { '-' } else { '+' };
        format!("{sign}{:02}{colon}{:02}", minutes / 60, minutes % 60)
    }

    /// As `%#v` prints it.
    pub(crate) fn go_string(self) -> String {
        let c = self.civil();
        let month = layout::MONTHS
            .get(usize::from(c.month) - 1)
            .copied()
            .unwrap_or_default();
        let zone = if self.offset == 0 {
            "time.UTC".to_owned()
        } else {
            format!("time.FixedZone(\"\", {})", self.offset)
        };
        format!(
            "time.Date({}, time.{month}, {}, {}, {}, {}, {}, {zone})",
            c.year, c.day, c.hour, c.minute, c.second, self.nanos
        )
    }

    pub(crate) fn plus(self, nanos: i128) -> Self {
        const SECOND: i128 = 1_000_000_000;
        let total = i128::from(self.seconds) * SECOND + i128::from(self.nanos) + nanos;
        let seconds = i64::try_from(total.div_euclid(SECOND)).unwrap_or(i64::MAX);
        let nanos = u32::try_from(total.rem_euclid(SECOND)).unwrap_or(0);
        Self { seconds, nanos, ..self }
    }

    /// Nanoseconds from `other` to this.
    pub(crate) fn minus(self, other: Self) -> i128 {
        let seconds = i128::from(self.seconds) - i128::from(other.seconds);
        seconds * 1_000_000_000 + i128::from(self.nanos) - i128::from(other.nanos)
    }

    /// The same time of another date; a month or day out of range moves on, as in Go.
    pub(crate) fn add_date(self, years: i64, months: i64, days: i64) -> Self {
        let c = self.civil();
        let bounded = |n: i64| n.clamp(-10_000_000, 10_000_000);
        let month = i64::from(c.month) - 1 + bounded(months);
        let year = c.year + bounded(years) + month.div_euclid(12);
        let first = days_from(year, month.rem_euclid(12) + 1, 1);
        let day = first + i64::from(c.day) - 1 + bounded(days);
        let clock = i64::from(c.hour) * 3600 + i64::from(c.minute) * 60 + i64::from(c.second);
        Self {
            seconds: day * DAY + clock - i64::from(self.offset),
            ..self
        }
    }
}

impl fmt::Display for Time {
    /// Go's `String`: `2006-01-02 15:04:05.999999999 -0700 MST`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.format("2006-01-02 15:04:05.999999999 -0700 MST"))
    }
}

fn small(n: i64) -> u8 {
    u8::try_from(n).unwrap_or(0)
}

/// Days since 1970-01-01 of a date, after Howard Hinnant's `days_from_civil`.
fn days_from(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The reverse: year, month, day.
fn date(days: i64) -> (i64, u8, u8) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let doe = days.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let shifted = (5 * doy + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = yoe + era * 400 + i64::from(month <= 2);
    (year, small(month), small(doy - (153 * shifted + 2) / 5 + 1))
}
