//! A value under a verb.

use super::Printer;
use crate::utf8;
use crate::value::{List, Map, Struct, Value};

impl Printer<'_> {
    /// Writes an operand.
    pub(super) fn value(&mut self, value: &Value, verb: char) {
        match verb {
            'T' => {
                let name = value.type_name();
                self.string(name.as_bytes(), 's');
            }
            _ if matches!(value, Value::Nil) => self.nil(verb),
            _ => self.nested(value, verb, 0),
        }
    }

    fn nil(&mut self, verb: char) {
        if verb == 'v' {
            self.pad(b"<nil>");
        } else {
            self.bad_verb(&Value::Nil, verb);
        }
    }

    fn nested(&mut self, value: &Value, verb: char, depth: usize) {
        let printed_by_method = !self.erring && !self.flags.sharp_v && matches!(verb, 'v' | 's' | 'x' | 'X' | 'q');
        if let Some(Value::Str(text)) = value.stringer().filter(|_| printed_by_method) {
            return self.string(&text, verb);
        }
        match value.plain() {
            Value::Nil if depth > 0 || verb == 'v' => self.out.push_str(if self.flags.sharp_v {
                "interface {}(nil)"
            } else {
                "<nil>"
            }),
            Value::Bool(b) if matches!(verb, 't' | 'v') => self.pad(b.to_string().as_bytes()),
            Value::Int(i) => self.integer(value, i.unsigned_abs(), *i < 0, verb),
            Value::Uint(u) => self.unsigned(value, *u, verb),
            Value::Float(f) => self.float(value, *f, verb),
            Value::Complex(re, im) => self.complex(value, *re, *im, verb),
            Value::Str(text) if matches!(verb, 'v' | 's' | 'x' | 'X' | 'q') => self.string(text, verb),
            Value::List(list) => self.list(value, list, verb, depth),
            Value::Map(map) => self.map(value, map, verb, depth),
            Value::Struct(s) => self.structure(s, verb, depth),
            Value::Time(time) if self.flags.sharp_v => self.out.push_str(&time.go_string()),
            Value::Time(time) if verb == 'v' => self.string(time.to_string().as_bytes(), 's'),
            _ => self.bad_verb(value, verb),
        }
    }

    /// `%!d(string=x)`.
    pub(super) fn bad_verb(&mut self, value: &Value, verb: char) {
        let erring = std::mem::replace(&mut self.erring, true);
        self.out.push_str("%!");
        self.out.push_char(verb);
        self.out.push_str("(");
        if matches!(value, Value::Nil) {
            self.out.push_str("<nil>");
        } else {
            self.out.push_str(&value.type_name());
            self.out.push_str("=");
            self.nested(value, 'v', 0);
        }
        self.out.push_str(")");
        self.erring = erring;
    }

    pub(super) fn string(&mut self, text: &[u8], verb: char) {
        match verb {
            'x' => self.hex(text, "0123456789abcdef", "0x"),
            'X' => self.hex(text, "0123456789ABCDEF", "0X"),
            'q' => self.quoted(text),
            'v' if self.flags.sharp_v => self.quoted(text),
            _ => self.pad(self.truncated(text)),
        }
    }

    /// At most as many characters as the precision says.
    pub(super) fn truncated<'t>(&self, text: &'t [u8]) -> &'t [u8] {
        let Some(precision) = self.flags.precision else {
            return text;
        };
        let len: usize = utf8::chars(text).take(precision).map(|decoded| decoded.len).sum();
        text.get(..len).unwrap_or(text)
    }

    fn hex(&mut self, text: &[u8], digits: &str, prefix: &str) {
        let len = self
            .flags
            .precision
            .map_or(text.len(), |precision| precision.min(text.len()));
        if len > self.out.remaining() {
            return self.out.repeat(b' ', len);
        }
        let digit = |nibble: u8| digits.as_bytes().get(usize::from(nibble)).copied().unwrap_or(b'0');
        let mut shown = Vec::with_capacity(2 * len + 2);
        for (i, byte) in text.iter().take(len).enumerate() {
            if i > 0 && self.flags.space {
                shown.push(b' ');
            }
            if self.flags.sharp && (i == 0 || self.flags.space) {
                shown.extend_from_slice(prefix.as_bytes());
            }
            shown.extend([digit(byte >> 4), digit(byte & 15)]);
        }
        self.pad(&shown);
    }

    fn list(&mut self, value: &Value, list: &List, verb: char, depth: usize) {
        let bytes = matches!(&list.element, crate::Type::Named(named) if named.name == "uint8");
        if bytes && matches!(verb, 's' | 'q' | 'x' | 'X') {
            let low = |item: &Value| item.as_int().and_then(|i| u8::try_from(i).ok()).unwrap_or_default();
            let bytes: Vec<u8> = list.items().iter().map(low).collect();
            return self.string(&bytes, verb);
        }
        let (open, separator, close) = self.brackets(value, "[", "]");
        if self.flags.sharp_v && list.items.is_none() {
            return self.out.push_str("(nil)");
        }
        self.out.push_str(open);
        for (i, item) in list.items().iter().enumerate() {
            if i > 0 {
                self.out.push_str(separator);
            }
            self.nested(item, verb, depth + 1);
        }
        self.out.push_str(close);
    }

    fn map(&mut self, value: &Value, map: &Map, verb: char, depth: usize) {
        let (open, separator, close) = self.brackets(value, "map[", "]");
        if self.flags.sharp_v && map.entries.is_none() {
            return self.out.push_str("(nil)");
        }
        self.out.push_str(open);
        for (i, (key, item)) in map.iter().enumerate() {
            if i > 0 {
                self.out.push_str(separator);
            }
            self.nested(&Value::str(key), verb, depth + 1);
            self.out.push_str(":");
            self.nested(item, verb, depth + 1);
        }
        self.out.push_str(close);
    }

    fn structure(&mut self, s: &Struct, verb: char, depth: usize) {
        let separator = if self.flags.sharp_v { ", " } else { " " };
        let pointee = s.ty.name.strip_prefix('*');
        if pointee.is_some() && depth == 0 && !self.follows {
            self.out.push_str("&");
        }
        if self.flags.sharp_v {
            self.out.push_str(pointee.unwrap_or(&s.ty.name));
        }
        self.out.push_str("{");
        for (i, (field, value)) in s.ty.fields.iter().zip(&s.fields).enumerate() {
            if i > 0 {
                self.out.push_str(separator);
            }
            if self.flags.plus_v || self.flags.sharp_v {
                self.out.push_str(&field.name);
                self.out.push_str(":");
            }
            self.nested(value, verb, depth + 1);
        }
        self.out.push_str("}");
    }

    /// How a list or map opens, separates and closes; in Go's syntax its type has been written too.
    fn brackets(
        &mut self,
        value: &Value,
        open: &'static str,
        close: &'static str,
    ) -> (&'static str, &'static str, &'static str) {
        if !self.flags.sharp_v {
            return (open, " ", close);
        }
        self.out.push_str(&value.type_name());
        ("{", ", ", "}")
    }
}
