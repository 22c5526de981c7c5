//! Go's `fmt`: how values become text by `print`, `println` and `printf`.

mod float;
mod integer;
mod printf;
mod quote;
mod value;

pub(crate) use float::exponent;
pub(crate) use printf::printf;
pub(crate) use quote::is_printable;

use crate::buf::Buf;
use crate::utf8;
use crate::value::Value;

/// The flags, width and precision of one `%` directive.
#[derive(Debug, Clone, Copy, Default)]
struct Flags {
    minus: bool,
    plus: bool,
    sharp: bool,
    space: bool,
    zero: bool,
    /// `%+v`: fields with their names.
    plus_v: bool,
    /// `%#v`: Go's own syntax.
    sharp_v: bool,
    width: Option<usize>,
    precision: Option<usize>,
}

/// Writes values to a buffer under some flags.
struct Printer<'a> {
    out: &'a mut Buf,
    flags: Flags,
    /// Inside `%!d(...)`: methods are not called there.
    erring: bool,
    /// A pointer prints as what it points to.
    follows: bool,
}

impl Printer<'_> {
    /// Writes `text` padded to the width, which counts characters.
    fn pad(&mut self, text: &[u8]) {
        let width = self.flags.width.unwrap_or(0);
        if width == 0 {
            return self.out.push(text);
        }
        let fill = width.saturating_sub(utf8::chars(text).count());
        if self.flags.minus {
            self.out.push(text);
            self.out.repeat(b' ', fill);
        } else {
            self.out.repeat(if self.flags.zero { b'0' } else { b' ' }, fill);
            self.out.push(text);
        }
    }

    /// The same, but never with zeros.
    fn pad_spaces(&mut self, text: &[u8]) {
        let zero = std::mem::take(&mut self.flags.zero);
        self.pad(text);
        self.flags.zero = zero;
    }
}

/// The value of an action: as [`print`], but without the sign of a pointer.
pub(crate) fn action(value: &Value, out: &mut Buf) {
    Printer {
        out,
        flags: Flags::default(),
        erring: false,
        follows: true,
    }
    .value(value, 'v');
}

/// `print`: a space between two operands when neither is a string.
pub(crate) fn print(values: &[Value], out: &mut Buf) {
    let mut printer = Printer {
        out,
        flags: Flags::default(),
        erring: false,
        follows: false,
    };
    let mut after_string = true;
    for value in values {
        let is_string = matches!(value.plain(), Value::Str(_));
        if !is_string && !after_string {
            printer.out.push(b" ");
        }
        printer.value(value, 'v');
        after_string = is_string;
    }
}

/// `println`: a space between all operands, and a line break.
pub(crate) fn println(values: &[Value], out: &mut Buf) {
    let mut printer = Printer {
        out,
        flags: Flags::default(),
        erring: false,
        follows: false,
    };
    for (i, value) in values.iter().enumerate() {
        if i > 0 {
            printer.out.push(b" ");
        }
        printer.value(value, 'v');
    }
    printer.out.push(b"\n");
}
