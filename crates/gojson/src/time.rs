//! Points in time as Go's `time.Time` travels in JSON: RFC 3339 with up to nine decimals, the zero time, and the offset
//! from UTC that was written.

mod parse;

use jiff::{SignedDuration, Timestamp, civil};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};
use std::fmt;

pub use parse::TimeError;

const EPOCH: civil::DateTime = civil::DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// An instant with the offset from UTC under which it is shown.
///
/// Two values are equal when their JSON is; compare [`GoTime::instant`] for the order in time.
///
/// The seconds are not kept as [`Timestamp`], which ends a day before year 9999 does: operators write 9999-12-31 for "never".
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct GoTime {
    /// Since 1970 in UTC, with nanoseconds.
    since_epoch: SignedDuration,
    offset_minutes: i32,
}

impl GoTime {
    /// 0001-01-01T00:00:00Z, what Go stores for a time that was never set.
    pub const ZERO: Self = Self {
        since_epoch: SignedDuration::from_secs(-62_135_596_800),
        offset_minutes: 0,
    };

    /// `instant`, shown in UTC.
    #[must_use]
    pub fn utc(instant: Timestamp) -> Self {
        Self {
            since_epoch: instant.as_duration(),
            offset_minutes: 0,
        }
    }

    /// The point in time; the last hours of year 9999 are all the same one.
    #[must_use]
    pub fn instant(self) -> Timestamp {
        let nearest = if self.since_epoch.is_negative() {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        };
        Timestamp::from_duration(self.since_epoch).unwrap_or(nearest)
    }

    /// Minutes east of UTC.
    #[must_use]
    pub const fn offset_minutes(self) -> i32 {
        self.offset_minutes
    }

    /// True for the time that was never set.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.since_epoch == Self::ZERO.since_epoch
    }

    /// Reads a time in the form that JSON values have: RFC 3339 to the letter.
    ///
    /// # Errors
    /// Names the part that is wrong.
    pub fn parse_strict(text: &str) -> Result<Self, TimeError> {
        parse::parse(text, parse::Form::Strict)
    }

    /// Reads a time as operators type it: an hour of one digit and a decimal comma are taken as well.
    ///
    /// # Errors
    /// Names the part that is wrong.
    pub fn parse_lenient(text: &str) -> Result<Self, TimeError> {
        parse::parse(text, parse::Form::Lenient)
    }

    /// Seconds from `self` until `now`, negative when `self` lies ahead.
    #[must_use]
    pub fn seconds_until(self, now: Timestamp) -> f64 {
        (now.as_duration() - self.since_epoch).as_secs_f64()
    }

    /// `self` moved by `by`, `None` outside of the years that can be written.
    #[must_use]
    pub fn checked_add(self, by: SignedDuration) -> Option<Self> {
        let moved = Self {
            since_epoch: self.since_epoch.checked_add(by)?,
            ..self
        };
        moved.local().map(|_| moved)
    }

    /// The time under its offset in a form of `strftime`; a form that is not known is shown as it stands.
    #[must_use]
    pub fn strftime(self, form: &str) -> String {
        let local = self.local().unwrap_or(EPOCH);
        jiff::fmt::strtime::format(form, local).unwrap_or_else(|_| form.to_owned())
    }

    /// The form that Go's `time.Time.String` gives, which old audit entries hold: `2031-05-06 07:08:09 +0900 +0900`.
    #[must_use]
    pub fn go_string(self) -> String {
        let local = self.local().unwrap_or(EPOCH);
        let zone = self.zone("");
        let name = if self.offset_minutes == 0 { "UTC" } else { zone.as_str() };
        let mut text = format!("{} ", local.date());
        // Writing to a string cannot fail.
        let _ = write_time(&mut text, local);
        format!("{text} {zone} {name}")
    }

    /// The calendar's date and time under the offset; `None` for years that cannot be written.
    fn local(self) -> Option<civil::DateTime> {
        let ahead = SignedDuration::from_mins(i64::from(self.offset_minutes));
        let local = EPOCH.checked_add(self.since_epoch.checked_add(ahead)?).ok()?;
        (local.year() >= 0).then_some(local)
    }

    fn zone(self, separator: &str) -> String {
        let sign = if self.offset_minutes < 0 { '-' } else { '+' };
        let minutes = self.offset_minutes.abs();
        format!("{sign}{:02}{separator}{:02}", minutes / 60, minutes % 60)
    }
}

impl Default for GoTime {
    fn default() -> Self {
        Self::ZERO
    }
}

impl From<Timestamp> for GoTime {
    fn from(instant: Timestamp) -> Self {
        Self::utc(instant)
    }
}

/// Writes the time of day with as many decimals as needed; none for a whole second.
fn write_time(f: &mut impl fmt::Write, t: civil::DateTime) -> fmt::Result {
    write!(f, "{:02}:{:02}:{:02}", t.hour(), t.minute(), t.second())?;
    let (mut decimals, mut width) = (t.subsec_nanosecond(), 9);
    if decimals == 0 {
        return Ok(());
    }
    while decimals % 10 == 0 {
        decimals /= 10;
        width -= 1;
    }
    write!(f, ".{decimals:0width$}")
}

impl fmt::Display for GoTime {
    /// RFC 3339 with as many decimals as needed, Go's `time.RFC3339Nano`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Times are made from texts with four digits of year, or from clocks: none is without a calendar date.
        let local = self.local().unwrap_or(EPOCH);
        write!(f, "{:04}-{:02}-{:02}T", local.year(), local.month(), local.day())?;
        write_time(f, local)?;
        if self.offset_minutes == 0 {
            f.write_str("Z")
        } else {
            f.write_str(&self.zone(":"))
        }
    }
}

impl fmt::Debug for GoTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for GoTime {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        Self::parse_strict(text)
    }
}

impl Serialize for GoTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.local().is_none() {
            return Err(ser::Error::custom("the year of a time must have four digits"));
        }
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for GoTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse_strict(&text).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
