//! `%q`: text in quotes with Go's escapes.

use super::Printer;
use crate::utf8;

/// What Go shows as it is: letters, marks, numbers, punctuation, symbols, and of all spaces the ASCII one.
pub(crate) fn is_printable(c: char) -> bool {
    // Not the first character: there Rust would escape marks that combine, which Go does not.
    let mut buffer = [b'a'; 5];
    let len = match buffer.get_mut(1..) {
        Some(rest) => 1 + c.encode_utf8(rest).len(),
        None => return false,
    };
    let text = buffer
        .get(..len)
        .and_then(|bytes| std::str::from_utf8(bytes).ok())
        .unwrap_or_default();
    let escaped = matches!(c, '\\' | '"' | '\'');
    escaped || text.escape_debug().count() == 2
}

impl Printer<'_> {
    pub(super) fn quoted(&mut self, text: &[u8]) {
        let text = self.truncated(text);
        if text.len() > self.out.remaining() {
            return self.out.repeat(b' ', text.len());
        }
        if self.flags.sharp && can_back_quote(text) {
            let quoted = [b"`", text, b"`"].concat();
            return self.pad(&quoted);
        }
        let quoted = quote(text, self.flags.plus);
        self.pad(quoted.as_bytes());
    }
}

fn can_back_quote(text: &[u8]) -> bool {
    utf8::chars(text).all(|decoded| {
        let c = decoded.char;
        decoded.valid && c != '\u{FEFF}' && c != '`' && c != '\u{7F}' && (c >= ' ' || c == '\t')
    })
}

/// A string in double quotes; `ascii` escapes all that is not ASCII.
pub(crate) fn quote(text: &[u8], ascii: bool) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    let mut rest = text;
    while let Some(decoded) = utf8::first(rest) {
        if decoded.valid {
            escape(decoded.char, '"', ascii, &mut out);
        } else {
            out.push_str(&format!("\\x{:02x}", rest.first().copied().unwrap_or_default()));
        }
        rest = rest.get(decoded.len..).unwrap_or_default();
    }
    out.push('"');
    out
}

/// A character in single quotes.
pub(super) fn quote_char(c: char, ascii: bool) -> String {
    let mut out = String::from("'");
    escape(c, '\'', ascii, &mut out);
    out.push('\'');
    out
}

fn escape(c: char, quote: char, ascii: bool, out: &mut String) {
    let code = u32::from(c);
    match c {
        '\\' => out.push_str("\\\\"),
        c if c == quote => out.extend(['\\', c]),
        c if (c.is_ascii() || !ascii) && is_printable(c) => out.push(c),
        '\u{7}' => out.push_str("\\a"),
        '\u{8}' => out.push_str("\\b"),
        '\u{c}' => out.push_str("\\f"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\u{b}' => out.push_str("\\v"),
        _ if code < 0x20 || code == 0x7F => out.push_str(&format!("\\x{code:02x}")),
        _ if code < 0x1_0000 => out.push_str(&format!("\\u{code:04x}")),
        _ => out.push_str(&format!("\\U{code:08x}")),
    }
}
