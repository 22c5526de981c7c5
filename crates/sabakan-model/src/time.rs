//! Points in time as Go's `time.Time` travels in JSON: RFC 3339 with up to nine decimals, the zero time, and the offset
//! from UTC that was written.

mod parse;

use jiff::{SignedDuration, Timestamp, tz::Offset};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};
use std::fmt;

pub use parse::TimeError;

/// Go's zero `time.Time`, the first second of year 1, in seconds since 1970.
const ZERO: Timestamp = Timestamp::constant(-62_135_596_800, 0);

/// An instant with the offset from UTC under which it is shown.
///
/// Two values are equal when their JSON is; compare [`GoTime::instant`] for the order in time.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct GoTime {
    instant: Timestamp,
    offset_minutes: i32,
}

impl GoTime {
    /// 0001-01-01T00:00:00Z, what Go stores for a time that was never set.
    pub const ZERO: Self = Self::utc(ZERO);

    /// `instant`, shown in UTC.
    #[must_use]
    pub const fn utc(instant: Timestamp) -> Self {
        Self {
            instant,
            offset_minutes: 0,
        }
    }

    /// The point in time.
    #[must_use]
    pub const fn instant(self) -> Timestamp {
        self.instant
    }

    /// Minutes east of UTC.
    #[must_use]
    pub const fn offset_minutes(self) -> i32 {
        self.offset_minutes
    }

    /// True for the time that was never set.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.instant == ZERO
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
        now.duration_since(self.instant).as_secs_f64()
    }

    /// `self` moved by `by`, `None` outside of the years that can be written.
    #[must_use]
    pub fn checked_add(self, by: SignedDuration) -> Option<Self> {
        let instant = self.instant.checked_add(by).ok()?;
        Some(Self { instant, ..self })
    }

    /// The form that Go's `time.Time.String` gives, which old audit entries hold: `2031-05-06 07:08:09 +0900 +0900`.
    #[must_use]
    pub fn go_string(self) -> String {
        let local = self.local();
        let zone = self.zone("");
        let name = if self.offset_minutes == 0 { "UTC" } else { zone.as_str() };
        format!("{} {}{} {zone} {name}", local.date(), hms(local), fraction(local))
    }

    fn local(self) -> jiff::civil::DateTime {
        // Offsets are limited to a day at parsing, well inside what jiff takes.
        let offset = Offset::from_seconds(self.offset_minutes * 60).unwrap_or(Offset::UTC);
        offset.to_datetime(self.instant)
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

fn hms(t: jiff::civil::DateTime) -> String {
    format!("{:02}:{:02}:{:02}", t.hour(), t.minute(), t.second())
}

/// The decimals of the second with their point, without zeros at the end; empty for a whole second.
fn fraction(t: jiff::civil::DateTime) -> String {
    let text = format!(".{:09}", t.subsec_nanosecond());
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

impl fmt::Display for GoTime {
    /// RFC 3339 with as many decimals as needed, Go's `time.RFC3339Nano`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let local = self.local();
        let zone = if self.offset_minutes == 0 {
            "Z".to_owned()
        } else {
            self.zone(":")
        };
        let (y, m, d) = (local.year(), local.month(), local.day());
        write!(f, "{y:04}-{m:02}-{d:02}T{}{}{zone}", hms(local), fraction(local))
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
        if !(0..=9999).contains(&self.local().year()) {
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
