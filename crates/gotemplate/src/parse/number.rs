//! Number constants: integers of four bases, floats in decimal and hexadecimal, imaginary numbers, characters.

use super::quoted;
use crate::ast::Number;
use crate::lex::Kind;

/// Reads a constant as everything that it can be.
pub(super) fn number(token: &[u8], kind: Kind) -> Result<Number, String> {
    let text = String::from_utf8_lossy(token).into_owned();
    let bad = || format!("illegal number syntax: {text:?}");
    match kind {
        Kind::CharConstant => {
            let code = quoted::character(token)?;
            Ok(Number {
                int: Some(i64::from(code)),
                uint: Some(u64::from(code)),
                float: Some(f64::from(code)),
                ..Number::default()
            })
        }
        Kind::Complex => complex(&text).map(simplified).ok_or_else(bad),
        _ => match text.strip_suffix('i') {
            Some(imaginary) => float(imaginary).map(|f| simplified((0.0, f))).ok_or_else(bad),
            None => real(&text).ok_or_else(bad),
        },
    }
}

fn real(text: &str) -> Option<Number> {
    let int = integer(text);
    let mut number = Number {
        int: int.and_then(|i| i64::try_from(i).ok()),
        uint: int
            .filter(|i| *i == 0 || !text.starts_with(['+', '-']))
            .and_then(|i| u64::try_from(i).ok()),
        ..Number::default()
    };
    if let Some(i) = number.int {
        number.float = Some(to_float(i128::from(i)));
    } else if let Some(u) = number.uint {
        number.float = Some(to_float(i128::from(u)));
    } else {
        if !text.contains(['.', 'e', 'E', 'p', 'P']) {
            return None;
        }
        let f = float(text)?;
        number.float = Some(f);
        number.int = whole(f).and_then(|i| i64::try_from(i).ok());
        number.uint = whole(f).and_then(|i| u64::try_from(i).ok());
    }
    let hex = text
        .trim_start_matches(['+', '-'])
        .to_ascii_lowercase()
        .starts_with("0x")
        && !text.contains(['p', 'P']);
    number.looks_float = !hex && text.contains(['.', 'e', 'E', 'p', 'P']);
    Some(number)
}

/// A complex constant without an imaginary part can be used as a real one.
fn simplified(complex: (f64, f64)) -> Number {
    let float = (complex.1 == 0.0).then_some(complex.0);
    let int = float.and_then(whole);
    Number {
        int: int.and_then(|i| i64::try_from(i).ok()),
        uint: int.and_then(|i| u64::try_from(i).ok()),
        float,
        complex: Some(complex),
        looks_float: false,
    }
}

fn complex(text: &str) -> Option<(f64, f64)> {
    let body = text.strip_suffix('i')?;
    let sign = |at: usize| !matches!(body.as_bytes().get(at.wrapping_sub(1)), Some(b'e' | b'E' | b'p' | b'P'));
    let split = body
        .rmatch_indices(['+', '-'])
        .map(|(at, _)| at)
        .find(|at| *at > 0 && sign(*at))?;
    let (re, im) = body.split_at_checked(split)?;
    Some((float(re)?, float(im)?))
}

/// An integer constant: `0x`, `0o`, `0b` or a leading 0 give the base; underscores stand between digits.
fn integer(text: &str) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = digits.to_ascii_lowercase();
    let (radix, body) = match lower.get(..2) {
        Some("0x") => (16, lower.get(2..)?),
        Some("0o") => (8, lower.get(2..)?),
        Some("0b") => (2, lower.get(2..)?),
        _ if lower.len() > 1 && lower.starts_with('0') => (8, lower.get(1..)?),
        _ => (10, lower.as_str()),
    };
    // An underscore may follow the base, but neither lead a decimal number nor end any.
    let body = if radix == 10 {
        body
    } else {
        body.strip_prefix('_').unwrap_or(body)
    };
    let value = i128::from_str_radix(&without_underscores(body)?, radix).ok()?;
    Some(if negative { -value } else { value })
}

fn without_underscores(digits: &str) -> Option<String> {
    let bad = digits.starts_with(['_', '+', '-']) || digits.ends_with('_') || digits.contains("__");
    (!bad).then(|| digits.replace('_', ""))
}

fn float(text: &str) -> Option<f64> {
    let (sign, body) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = body.to_ascii_lowercase();
    let value = match lower.strip_prefix("0x") {
        Some(hex) => hex_float(&without_underscores(hex.strip_prefix('_').unwrap_or(hex))?)?,
        None if lower.contains(['.', 'e']) || lower.bytes().all(|b| b.is_ascii_digit()) => {
            without_underscores(&lower)?.parse().ok()?
        }
        None => to_float(integer(&lower)?),
    };
    value.is_finite().then_some(sign * value)
}

/// `1.8p3`: the mantissa in hexadecimal, the exponent a power of two.
fn hex_float(text: &str) -> Option<f64> {
    let (mantissa, exponent) = text.split_once('p')?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let value = to_float(i128::from_str_radix(&digits, 16).ok()?);
    let exponent: i32 = exponent.parse().ok()?;
    let shift = exponent.checked_sub(i32::try_from(fraction.len()).ok()?.checked_mul(4)?)?;
    // In two steps, so that a very small number does not become 0 on the way.
    Some(value * 2f64.powi(shift / 2) * 2f64.powi(shift - shift / 2))
}

#[allow(
    clippy::cast_precision_loss,
    reason = "Go rounds a large integer constant to a float in the same way"
)]
fn to_float(i: i128) -> f64 {
    i as f64
}

/// The integer that a float is, if it is one.
#[allow(
    clippy::cast_possible_truncation,
    reason = "the bounds are checked, and only whole numbers are converted"
)]
fn whole(f: f64) -> Option<i128> {
    (f.fract() == 0.0 && f.abs() < 2f64.powi(100)).then_some(f as i128)
}
