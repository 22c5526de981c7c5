//! Floats: shortest digits that read back as the same number, or as many as asked for.

use super::Printer;
use crate::value::Value;

impl Printer<'_> {
    pub(super) fn float(&mut self, value: &Value, f: f64, verb: char) {
        let precision = self.flags.precision;
        let text = match verb {
            'v' | 'g' | 'G' => general(f, precision, self.flags.sharp && verb != 'v'),
            'e' | 'E' => exponent(f, Some(precision.unwrap_or(6))),
            'f' | 'F' => fixed(f, precision.unwrap_or(6), self.out.remaining()),
            'x' | 'X' => hex(f, precision),
            'b' => binary(f),
            _ => return self.bad_verb(value, verb),
        };
        let text = if matches!(verb, 'E' | 'G' | 'X') && f.is_finite() {
            text.to_uppercase()
        } else {
            text
        };
        let text = if self.flags.sharp && f.is_finite() && matches!(verb, 'e' | 'E' | 'f' | 'F') {
            pointed(&text)
        } else {
            text
        };
        self.signed(&text, f);
    }

    pub(super) fn complex(&mut self, value: &Value, re: f64, im: f64, verb: char) {
        if !matches!(verb, 'v' | 'b' | 'g' | 'G' | 'x' | 'X' | 'f' | 'F' | 'e' | 'E') {
            return self.bad_verb(value, verb);
        }
        self.out.push_str("(");
        self.float(value, re, verb);
        let plus = std::mem::replace(&mut self.flags.plus, true);
        self.float(value, im, verb);
        self.flags.plus = plus;
        self.out.push_str("i)");
    }

    /// Puts sign and padding around the digits.
    fn signed(&mut self, text: &str, f: f64) {
        let digits = text.trim_start_matches('-');
        let negative = text.starts_with('-');
        let sign = match (negative, self.flags.plus, self.flags.space) {
            (true, ..) => "-",
            // As Go does: an infinity or NaN with a space is written with it.
            (_, true, _) => "+",
            (_, _, true) => " ",
            _ if f.is_infinite() && f > 0.0 => "+",
            _ => "",
        };
        if !f.is_finite() {
            return self.pad_spaces(format!("{sign}{digits}").as_bytes());
        }
        let width = self.flags.width.unwrap_or(0);
        let zeros = width.saturating_sub(sign.len() + digits.len());
        if !sign.is_empty() && self.flags.zero && !self.flags.minus && zeros > 0 {
            self.out.push_str(sign);
            self.out.repeat(b'0', zeros);
            return self.out.push_str(digits);
        }
        self.pad(format!("{sign}{digits}").as_bytes());
    }
}

fn special(f: f64) -> Option<String> {
    if f.is_nan() {
        return Some("NaN".into());
    }
    f.is_infinite()
        .then(|| if f > 0.0 { "Inf".into() } else { "-Inf".into() })
}

/// `%e`: the exponent has a sign and two digits at least. Without a precision the shortest digits.
pub(crate) fn exponent(f: f64, precision: Option<usize>) -> String {
    if let Some(text) = special(f) {
        return text;
    }
    let text = match precision {
        Some(precision) => format!("{f:.*e}", precision.min(MAX_DIGITS)),
        None => format!("{f:e}"),
    };
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, digits) = match exponent.strip_prefix('-') {
        Some(digits) => ('-', digits),
        None => ('+', exponent),
    };
    format!("{mantissa}e{sign}{digits:0>2}")
}

/// Beyond this many digits a float has only zeros; more are not asked of the formatter.
const MAX_DIGITS: usize = 1100;

/// `%f`.
fn fixed(f: f64, precision: usize, limit: usize) -> String {
    special(f).unwrap_or_else(|| {
        let zeros = precision.saturating_sub(MAX_DIGITS).min(limit.saturating_add(1));
        format!("{f:.*}{}", precision.min(MAX_DIGITS), "0".repeat(zeros))
    })
}

/// `%g` and `%v`: with an exponent when it is below -4 or at least the precision (6 for the shortest form).
fn general(f: f64, precision: Option<usize>, sharp: bool) -> String {
    if let Some(text) = special(f) {
        return text;
    }
    let asked = precision.unwrap_or(6);
    let precision = precision.map(|precision| precision.clamp(1, MAX_DIGITS));
    let scientific = exponent(f, precision.map(|precision| precision - 1));
    let (mantissa, exp) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exp: i32 = exp.parse().unwrap_or(0);
    let digits = mantissa.bytes().filter(u8::is_ascii_digit).count();
    let trimmed = mantissa
        .trim_end_matches('0')
        .bytes()
        .filter(u8::is_ascii_digit)
        .count();
    let whole = usize::try_from(exp + 1).unwrap_or(0);
    let bound = match precision {
        None => SHORTEST_BOUND,
        // As many digits as there are, when the number is whole within them.
        Some(precision) if precision > trimmed && trimmed >= whole && !sharp => trimmed.max(1),
        Some(precision) => precision,
    };
    let bound = i32::try_from(bound).unwrap_or(i32::MAX);
    if exp < -4 || exp >= bound {
        return if sharp {
            filled(&scientific, asked)
        } else {
            format!("{}e{}", without_zeros(mantissa), exponent_of(&scientific))
        };
    }
    let fraction = usize::try_from(i32::try_from(digits).unwrap_or(0) - 1 - exp).unwrap_or(0);
    let text = format!("{f:.fraction$}");
    if sharp {
        filled(&text, asked)
    } else {
        without_zeros(&text).to_owned()
    }
}

/// From this exponent on the shortest form is written with one.
const SHORTEST_BOUND: usize = 6;

fn exponent_of(scientific: &str) -> &str {
    scientific.split_once('e').map_or("+00", |(_, exponent)| exponent)
}

fn without_zeros(text: &str) -> &str {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        text
    }
}

/// With a decimal point, which the flag `#` asks for.
fn pointed(text: &str) -> String {
    if text.contains('.') {
        return text.to_owned();
    }
    match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => format!("{mantissa}.e{exponent}"),
        None => format!("{text}."),
    }
}

/// With a decimal point and as many digits as asked for, which `#` wants of `%g`.
fn filled(text: &str, digits: usize) -> String {
    let text = pointed(text);
    let (mantissa, exponent) = text
        .split_once('e')
        .map_or((text.as_str(), None), |(m, e)| (m, Some(e)));
    let significant = mantissa
        .trim_start_matches(['-', '0', '.'])
        .bytes()
        .filter(u8::is_ascii_digit)
        .count()
        .max(1);
    let zeros = "0".repeat(digits.min(MAX_DIGITS).saturating_sub(significant));
    let exponent = exponent.map(|exponent| format!("e{exponent}")).unwrap_or_default();
    format!("{mantissa}{zeros}{exponent}")
}

/// Mantissa and binary exponent: `f = mantissa * 2^exponent`.
fn parts(f: f64) -> (u64, i64) {
    let bits = f.to_bits();
    let fraction = bits & ((1 << 52) - 1);
    let biased = i64::try_from((bits >> 52) & 0x7FF).unwrap_or(0);
    if biased == 0 {
        (fraction, -1074)
    } else {
        (fraction | (1 << 52), biased - 1075)
    }
}

/// `%b`: `4503599627370496p-52`.
fn binary(f: f64) -> String {
    special(f).unwrap_or_else(|| {
        let (mantissa, exponent) = parts(f);
        let sign = if f.is_sign_negative() { "-" } else { "" };
        format!("{sign}{mantissa}p{exponent:+}")
    })
}

/// `%x`: `0x1.8p+01`.
fn hex(f: f64, precision: Option<usize>) -> String {
    if let Some(text) = special(f) {
        return text;
    }
    let (mut mantissa, mut exponent) = parts(f);
    if mantissa == 0 {
        exponent = 0;
    } else {
        let shift = mantissa.leading_zeros() - 11;
        mantissa <<= shift;
        exponent += 52 - i64::from(shift);
    }
    if let Some(drop) = precision
        .filter(|precision| *precision < 13)
        .map(|precision| 52 - 4 * precision)
    {
        // Round half to even.
        let (half, odd) = (1u64 << (drop - 1), (mantissa >> drop) & 1);
        mantissa = (mantissa + half - 1 + odd) >> drop << drop;
        if mantissa >> 53 == 1 {
            mantissa >>= 1;
            exponent += 1;
        }
    }
    let digits = format!("{:013x}", mantissa & ((1 << 52) - 1));
    let digits = match precision {
        None => digits.trim_end_matches('0').to_owned(),
        Some(precision) => format!("{digits:0<width$}", width = precision.min(MAX_DIGITS))
            .chars()
            .take(precision)
            .collect(),
    };
    let point = if digits.is_empty() { "" } else { "." };
    let sign = if f.is_sign_negative() { "-" } else { "" };
    let exp_sign = if exponent < 0 { '-' } else { '+' };
    format!(
        "{sign}0x{}{point}{digits}p{exp_sign}{:02}",
        mantissa >> 52,
        exponent.abs()
    )
}
