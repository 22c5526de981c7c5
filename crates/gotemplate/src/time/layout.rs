//! Go's layouts: a time is written like the reference time, Mon Jan 2 15:04:05 2006.

use super::{Civil, Time};

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
pub(super) const DAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

/// Pieces of a layout, each before those that it begins with.
const PIECES: [&str; 37] = [
    "January",
    "Jan",
    "Monday",
    "Mon",
    "MST",
    "2006",
    "__2",
    "_2006",
    "_2",
    "002",
    "01",
    "02",
    "03",
    "04",
    "05",
    "06",
    "15",
    "PM",
    "pm",
    "-07:00:00",
    "-070000",
    "-07:00",
    "-0700",
    "-07",
    "Z07:00:00",
    "Z070000",
    "Z07:00",
    "Z0700",
    "Z07",
    "1",
    "2",
    "3",
    "4",
    "5",
    ".0",
    ",0",
    ".9",
];

impl Time {
    /// The time written after a layout.
    pub(crate) fn format(self, layout: &str) -> String {
        let civil = self.civil();
        let mut out = String::new();
        let mut rest = layout;
        while let Some(first) = rest.chars().next() {
            if let Some((len, digits, trims)) = fraction(rest) {
                out.push_str(&self.fraction(rest, digits, trims));
                rest = rest.get(len..).unwrap_or_default();
                continue;
            }
            let piece = PIECES
                .iter()
                .find(|piece| rest.starts_with(**piece) && is_piece(piece, rest));
            match piece {
                Some(&"_2006") => out.push_str(&format!("_{}", year(civil.year))),
                Some(piece) => out.push_str(&self.piece(piece, &civil)),
                None => out.push(first),
            }
            rest = rest
                .get(piece.map_or(first.len_utf8(), |piece| piece.len())..)
                .unwrap_or_default();
        }
        out
    }

    fn piece(self, piece: &str, c: &Civil) -> String {
        let month = MONTHS.get(usize::from(c.month) - 1).copied().unwrap_or_default();
        let day = DAYS.get(usize::from(c.weekday)).copied().unwrap_or_default();
        let hour12 = match c.hour % 12 {
            0 => 12,
            hour => hour,
        };
        match piece {
            "January" => month.to_owned(),
            "Jan" => month.chars().take(3).collect(),
            "Monday" => day.to_owned(),
            "Mon" => day.chars().take(3).collect(),
            "2006" => year(c.year),
            "06" => format!("{:02}", c.year.rem_euclid(100)),
            "01" => format!("{:02}", c.month),
            "1" => c.month.to_string(),
            "02" => format!("{:02}", c.day),
            "_2" => format!("{:>2}", c.day),
            "2" => c.day.to_string(),
            "__2" => format!("{:>3}", c.year_day),
            "002" => format!("{:03}", c.year_day),
            "15" => format!("{:02}", c.hour),
            "03" => format!("{hour12:02}"),
            "3" => hour12.to_string(),
            "04" => format!("{:02}", c.minute),
            "4" => c.minute.to_string(),
            "05" => format!("{:02}", c.second),
            "5" => c.second.to_string(),
            "PM" => if c.hour >= 12 { "PM" } else { "AM" }.to_owned(),
            "pm" => if c.hour >= 12 { "pm" } else { "am" }.to_owned(),
            _ => self.zone(piece),
        }
    }

    fn zone(self, piece: &str) -> String {
        if self.offset == 0 && (piece.starts_with('Z') || piece == "MST") {
            return if piece == "MST" {
                "UTC".to_owned()
            } else {
                "Z".to_owned()
            };
        }
        let colon = if piece.contains(':') { ":" } else { "" };
        let text = self.offset_text(colon);
        let seconds = format!("{colon}{:02}", self.offset.abs() % 60);
        match piece.trim_start_matches(['-', 'Z']) {
            "07" => text.chars().take(3).collect(),
            "070000" | "07:00:00" => text + &seconds,
            // A zone without a name shows its offset.
            _ => text,
        }
    }

    /// A fraction of the second: `.000` writes all digits, `.999` leaves out zeros at the end.
    fn fraction(self, rest: &str, digits: usize, trims: bool) -> String {
        let all = format!("{:09}", self.nanos);
        let shown: String = all.chars().chain(std::iter::repeat('0')).take(digits.min(9)).collect();
        let shown = if trims { shown.trim_end_matches('0') } else { &shown };
        if shown.is_empty() {
            return String::new();
        }
        let point = if rest.starts_with(',') { ',' } else { '.' };
        format!("{point}{shown}")
    }
}

/// The length of a fraction piece, how many digits it asks for, and whether zeros at the end go.
fn fraction(rest: &str) -> Option<(usize, usize, bool)> {
    let body = rest.strip_prefix(['.', ','])?;
    let digit = body.chars().next().filter(|c| matches!(c, '0' | '9'))?;
    let digits = body.chars().take_while(|c| *c == digit).count();
    // A digit after it means that it is something else: `.00001`.
    let more = body.chars().nth(digits).is_some_and(|c| c.is_ascii_digit());
    (!more).then_some((digits + 1, digits, digit == '9'))
}

/// Pieces that look like the start of a word are none when the word goes on, and `.0` belongs to fractions.
fn is_piece(piece: &str, rest: &str) -> bool {
    match piece {
        "Jan" | "Mon" => !rest.chars().nth(3).is_some_and(|c| c.is_ascii_lowercase()),
        ".0" | ",0" | ".9" => false,
        _ => true,
    }
}

fn year(year: i64) -> String {
    if year < 0 {
        format!("-{:04}", -year)
    } else {
        format!("{year:04}")
    }
}
