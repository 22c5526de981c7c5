//! `printf`: the directives of a format string.

use super::{Flags, Printer};
use crate::buf::Buf;
use crate::utf8;
use crate::value::Value;

/// A width or precision above this may have no further digit, as in Go.
const MAX_NUMBER: usize = 1_000_000;

/// Writes `args` as `format` says; what does not fit shows in the text, as in Go: `%!d(string=x)`, `%!v(MISSING)`.
pub(crate) fn printf(format: &[u8], args: &[Value], out: &mut Buf) {
    let printer = Printer {
        out,
        flags: Flags::default(),
        erring: false,
        follows: false,
    };
    let mut run = Run {
        printer,
        format,
        at: 0,
        args,
        next: 0,
        reordered: false,
        good: true,
    };
    run.all();
    run.extra();
}

struct Run<'a> {
    printer: Printer<'a>,
    format: &'a [u8],
    at: usize,
    args: &'a [Value],
    next: usize,
    /// An explicit index `[n]` was used: then operands left over are no error.
    reordered: bool,
    /// The explicit index of this directive was right.
    good: bool,
}

impl Run<'_> {
    fn all(&mut self) {
        while !self.printer.out.is_full() {
            let rest = self.format.get(self.at..).unwrap_or_default();
            let len = rest.iter().position(|b| *b == b'%').unwrap_or(rest.len());
            self.printer.out.push(rest.get(..len).unwrap_or_default());
            self.at += len + 1;
            if self.at > self.format.len() {
                return;
            }
            self.directive();
        }
    }

    fn peek(&self) -> Option<u8> {
        self.format.get(self.at).copied()
    }

    fn directive(&mut self) {
        self.good = true;
        self.printer.flags = Flags::default();
        self.flags();
        let indexed = self.argument_index();
        let indexed = self.width(indexed);
        let indexed = self.precision(indexed);
        if !indexed {
            self.argument_index();
        }
        let Some(decoded) = utf8::first(self.format.get(self.at..).unwrap_or_default()) else {
            return self.printer.out.push_str("%!(NOVERB)");
        };
        self.at += decoded.len;
        self.verb(decoded.char);
    }

    fn flags(&mut self) {
        while let Some(byte) = self.peek() {
            let flags = &mut self.printer.flags;
            match byte {
                b'#' => flags.sharp = true,
                b'0' => flags.zero = true,
                b'+' => flags.plus = true,
                b'-' => flags.minus = true,
                b' ' => flags.space = true,
                _ => return,
            }
            self.at += 1;
        }
    }

    /// `*` or a number. Returns whether an index stands right before the verb.
    fn width(&mut self, indexed: bool) -> bool {
        if self.peek() == Some(b'*') {
            self.at += 1;
            match self.star() {
                Some(width) => {
                    self.printer.flags.width = Some(usize::try_from(width.unsigned_abs()).unwrap_or(0));
                    if width < 0 {
                        self.printer.flags.minus = true;
                        self.printer.flags.zero = false;
                    }
                }
                None => self.printer.out.push_str("%!(BADWIDTH)"),
            }
            return false;
        }
        self.printer.flags.width = self.number();
        if indexed && self.printer.flags.width.is_some() {
            self.good = false;
        }
        indexed
    }

    fn precision(&mut self, indexed: bool) -> bool {
        // A point that ends the format is the verb.
        if self.peek() != Some(b'.') || self.at + 1 >= self.format.len() {
            return indexed;
        }
        self.at += 1;
        if indexed {
            self.good = false;
        }
        let indexed = self.argument_index();
        if self.peek() != Some(b'*') {
            self.printer.flags.precision = Some(self.number().unwrap_or(0));
            return indexed;
        }
        self.at += 1;
        match self.star() {
            Some(precision) => self.printer.flags.precision = usize::try_from(precision).ok(),
            None => self.printer.flags.precision = None,
        }
        if self.printer.flags.precision.is_none() {
            self.printer.out.push_str("%!(BADPREC)");
        }
        false
    }

    fn verb(&mut self, verb: char) {
        if verb == '%' {
            return self.printer.out.push_str("%");
        }
        if !self.good {
            return self.complain(verb, "(BADINDEX)");
        }
        let Some(value) = self.args.get(self.next) else {
            return self.complain(verb, "(MISSING)");
        };
        self.next += 1;
        if verb == 'v' {
            let flags = &mut self.printer.flags;
            flags.sharp_v = std::mem::take(&mut flags.sharp);
            flags.plus_v = std::mem::take(&mut flags.plus);
        }
        self.printer.value(value, verb);
    }

    fn complain(&mut self, verb: char, what: &str) {
        self.printer.out.push_str("%!");
        self.printer.out.push_char(verb);
        self.printer.out.push_str(what);
    }

    /// Digits; `None` when there are none or the number is too large.
    fn number(&mut self) -> Option<usize> {
        let rest = self.format.get(self.at..).unwrap_or_default();
        let mut number = None;
        for digit in rest.iter().take_while(|b| b.is_ascii_digit()) {
            let before = number.unwrap_or(0);
            if before > MAX_NUMBER {
                // As in Go, the whole format ends here.
                self.at = self.format.len();
                return None;
            }
            number = Some(before * 10 + usize::from(digit - b'0'));
            self.at += 1;
        }
        number
    }

    /// The operand that gives a width or precision.
    fn star(&mut self) -> Option<i64> {
        let number = self.args.get(self.next).map(Value::as_int);
        self.next += usize::from(number.is_some());
        let limit = i64::try_from(MAX_NUMBER).unwrap_or(i64::MAX);
        number.flatten().filter(|number| (-limit..=limit).contains(number))
    }

    /// `[n]`: the next operand is the n-th. Returns whether there was a well-formed one.
    fn argument_index(&mut self) -> bool {
        if self.peek() != Some(b'[') {
            return false;
        }
        self.reordered = true;
        let rest = self.format.get(self.at + 1..).unwrap_or_default();
        let Some(len) = rest.iter().position(|b| *b == b']').filter(|_| rest.len() >= 2) else {
            self.at += 1;
            self.good = false;
            return false;
        };
        let text = std::str::from_utf8(rest.get(..len).unwrap_or_default()).unwrap_or_default();
        let number = text
            .parse()
            .ok()
            .filter(|n: &usize| *n <= MAX_NUMBER && text.bytes().all(|b| b.is_ascii_digit()));
        self.at += len + 2;
        match number {
            Some(n) if (1..=self.args.len()).contains(&n) => {
                self.next = n - 1;
                true
            }
            other => {
                self.good = false;
                other.is_some()
            }
        }
    }

    /// Operands that no directive used.
    fn extra(&mut self) {
        if self.reordered || self.next >= self.args.len() {
            return;
        }
        self.printer.flags = Flags::default();
        self.printer.out.push_str("%!(EXTRA ");
        for (i, value) in self.args.iter().skip(self.next).enumerate() {
            if i > 0 {
                self.printer.out.push_str(", ");
            }
            if !matches!(value, Value::Nil) {
                self.printer.out.push_str(&value.type_name());
                self.printer.out.push_str("=");
            }
            self.printer.value(value, 'v');
        }
        self.printer.out.push_str(")");
    }
}
