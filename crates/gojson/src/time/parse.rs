//! Reading RFC 3339 times.

use super::{EPOCH, GoTime};
use jiff::{SignedDuration, civil};

/// Why a text is not a time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not an RFC 3339 time such as 2030-01-02T03:04:05Z: {part} is wrong")]
pub struct TimeError {
    text: String,
    part: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Strict,
    Lenient,
}

pub(super) fn parse(text: &str, form: Form) -> Result<GoTime, TimeError> {
    Cursor {
        rest: text.as_bytes(),
        form,
    }
    .time()
    .map_err(|part| TimeError {
        text: text.chars().take(64).collect(),
        part,
    })
}

struct Cursor<'a> {
    rest: &'a [u8],
    form: Form,
}

type Part<T> = Result<T, &'static str>;

impl Cursor<'_> {
    fn time(mut self) -> Part<GoTime> {
        let year = self.digits(4, "the year")?;
        self.byte(b'-', "the dash after the year")?;
        let month = self.digits(2, "the month")?;
        self.byte(b'-', "the dash after the month")?;
        let day = self.digits(2, "the day")?;
        self.byte(b'T', "the T before the hour")?;
        let hour = self.hour()?;
        self.byte(b':', "the colon after the hour")?;
        let minute = self.digits(2, "the minute")?;
        self.byte(b':', "the colon after the minute")?;
        let second = self.digits(2, "the second")?;
        let nanosecond = self.fraction();
        let offset_minutes = self.offset()?;
        let date = civil::Date::new(narrow(year), narrow(month), narrow(day)).map_err(|_| "the date")?;
        let time = civil::Time::new(narrow(hour), narrow(minute), narrow(second), nanosecond);
        let time = time.map_err(|_| "the time of day")?;
        let ahead = SignedDuration::from_mins(i64::from(offset_minutes));
        let since_epoch = date.to_datetime(time).duration_since(EPOCH) - ahead;
        Ok(GoTime {
            since_epoch,
            offset_minutes,
        })
    }

    fn byte(&mut self, want: u8, part: &'static str) -> Part<()> {
        match self.rest.split_first() {
            Some((b, rest)) if *b == want => {
                self.rest = rest;
                Ok(())
            }
            _ => Err(part),
        }
    }

    fn digits(&mut self, count: usize, part: &'static str) -> Part<i32> {
        let digits = self.rest.get(..count).ok_or(part)?;
        self.rest = &self.rest[count..];
        digits.iter().try_fold(0, |n, b| {
            b.is_ascii_digit().then(|| n * 10 + i32::from(b - b'0')).ok_or(part)
        })
    }

    fn hour(&mut self) -> Part<i32> {
        let single = self.form == Form::Lenient && self.rest.get(1) == Some(&b':');
        self.digits(if single { 1 } else { 2 }, "the hour")
    }

    /// Nanoseconds; digits after the ninth are dropped, as Go does.
    fn fraction(&mut self) -> i32 {
        let mark = match self.rest.first() {
            Some(b'.') => true,
            Some(b',') => self.form == Form::Lenient,
            _ => false,
        };
        let digits = self
            .rest
            .get(1..)
            .unwrap_or_default()
            .iter()
            .take_while(|b| b.is_ascii_digit())
            .count();
        if !mark || digits == 0 {
            return 0;
        }
        let kept = self.rest[1..=digits].iter().chain(std::iter::repeat(&b'0')).take(9);
        let nanoseconds = kept.fold(0, |n, b| n * 10 + i32::from(b - b'0'));
        self.rest = &self.rest[1 + digits..];
        nanoseconds
    }

    fn offset(&mut self) -> Part<i32> {
        const PART: &str = "the offset from UTC";
        let (sign, rest) = match self.rest {
            b"Z" => return Ok(0),
            [b'+', rest @ ..] => (1, rest),
            [b'-', rest @ ..] => (-1, rest),
            _ => return Err(PART),
        };
        self.rest = rest;
        let hours = self.digits(2, PART)?;
        self.byte(b':', PART)?;
        let minutes = self.digits(2, PART)?;
        if !self.rest.is_empty() || hours > 23 || minutes > 59 {
            return Err(PART);
        }
        Ok(sign * (hours * 60 + minutes))
    }
}

/// At most four digits were read: what does not fit becomes a number that no calendar has.
fn narrow<T: TryFrom<i32> + From<i8>>(n: i32) -> T {
    T::try_from(n).unwrap_or_else(|_| T::from(-1i8))
}
