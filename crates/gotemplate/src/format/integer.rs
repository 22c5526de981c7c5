//! Integers in the bases, and as characters.

use super::Printer;
use super::quote::quote_char;
use crate::value::Value;

impl Printer<'_> {
    pub(super) fn unsigned(&mut self, value: &Value, magnitude: u64, verb: char) {
        if verb == 'v' && self.flags.sharp_v {
            let sharp = std::mem::replace(&mut self.flags.sharp, true);
            self.based(magnitude, false, 'x');
            self.flags.sharp = sharp;
        } else {
            self.integer(value, magnitude, false, verb);
        }
    }

    pub(super) fn integer(&mut self, value: &Value, magnitude: u64, negative: bool, verb: char) {
        match verb {
            'v' | 'd' | 'b' | 'o' | 'O' | 'x' | 'X' => self.based(magnitude, negative, verb),
            'c' => {
                let c = character(magnitude, negative);
                self.pad(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
            'q' => {
                let quoted = quote_char(character(magnitude, negative), self.flags.plus);
                self.pad(quoted.as_bytes());
            }
            'U' => self.code_point(magnitude, negative),
            _ => self.bad_verb(value, verb),
        }
    }

    fn based(&mut self, magnitude: u64, negative: bool, verb: char) {
        if self.flags.precision == Some(0) && magnitude == 0 {
            return self.pad_spaces(b"");
        }
        let signed = negative || self.flags.plus || self.flags.space;
        let least = match (self.flags.precision, self.flags.width) {
            (Some(precision), _) => precision,
            (None, Some(width)) if self.flags.zero && !self.flags.minus => width.saturating_sub(usize::from(signed)),
            _ => 0,
        };
        let digits = digits(magnitude, verb);
        let zeros = least.saturating_sub(digits.len());
        if zeros > self.out.remaining() {
            return self.out.repeat(b'0', zeros);
        }
        let digits = format!("{}{digits}", "0".repeat(zeros));
        let prefix = match verb {
            'b' if self.flags.sharp => "0b",
            'o' if self.flags.sharp && !digits.starts_with('0') => "0",
            'O' if self.flags.sharp && !digits.starts_with('0') => "0o0",
            'O' => "0o",
            'x' if self.flags.sharp => "0x",
            'X' if self.flags.sharp => "0X",
            _ => "",
        };
        let sign = match (negative, self.flags.plus, self.flags.space) {
            (true, ..) => "-",
            (_, true, _) => "+",
            (_, _, true) => " ",
            _ => "",
        };
        self.pad_spaces(format!("{sign}{prefix}{digits}").as_bytes());
    }

    /// `U+0041`, with `#` also `U+0041 'A'`.
    fn code_point(&mut self, magnitude: u64, negative: bool) {
        let code = if negative { magnitude.wrapping_neg() } else { magnitude };
        let least = self.flags.precision.map_or(4, |precision| precision.max(4));
        let digits = format!("{code:X}");
        let zeros = least.saturating_sub(digits.len());
        if zeros > self.out.remaining() {
            return self.out.repeat(b'0', zeros);
        }
        let mut text = format!("U+{}{digits}", "0".repeat(zeros));
        let shown = u32::try_from(code)
            .ok()
            .and_then(char::from_u32)
            .filter(|c| super::is_printable(*c));
        if let Some(c) = shown.filter(|_| self.flags.sharp) {
            text = format!("{text} '{c}'");
        }
        self.pad_spaces(text.as_bytes());
    }
}

fn digits(magnitude: u64, verb: char) -> String {
    match verb {
        'b' => format!("{magnitude:b}"),
        'o' | 'O' => format!("{magnitude:o}"),
        'x' => format!("{magnitude:x}"),
        'X' => format!("{magnitude:X}"),
        _ => magnitude.to_string(),
    }
}

fn character(magnitude: u64, negative: bool) -> char {
    let code = if negative { None } else { u32::try_from(magnitude).ok() };
    code.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER)
}
