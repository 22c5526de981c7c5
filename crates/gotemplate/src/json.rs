//! Values as Go's `encoding/json` writes them: fields in order, keys sorted, `<`, `>` and `&` escaped.

use crate::buf::Buf;
use crate::format::exponent;
use crate::time::Time;
use crate::utf8;
use crate::value::Value;

/// Longer than any template may be; a list that holds itself cannot be made.
const LIMIT: usize = 64 << 20;

impl Value {
    /// The value as JSON, to the byte as Go's `json.Marshal`.
    ///
    /// # Errors
    /// For what JSON cannot say: infinities, complex numbers, functions, years beyond 9999.
    pub fn to_json(&self) -> Result<String, String> {
        let mut out = Buf::new(LIMIT);
        write(self, &mut out)?;
        if out.is_full() {
            return Err(format!("json: longer than {LIMIT} bytes"));
        }
        Ok(String::from_utf8_lossy(&out.into_bytes()).into_owned())
    }
}

fn write(value: &Value, out: &mut Buf) -> Result<(), String> {
    match value.plain() {
        Value::Nil => out.push_str("null"),
        Value::Bool(b) => out.push_str(&b.to_string()),
        Value::Int(i) => out.push_str(&i.to_string()),
        Value::Uint(u) => out.push_str(&u.to_string()),
        Value::Float(f) if f.is_finite() => out.push_str(&float(*f)),
        Value::Float(f) => {
            return Err(format!(
                "json: unsupported value: {}",
                if f.is_nan() {
                    "NaN"
                } else if *f > 0.0 {
                    "+Inf"
                } else {
                    "-Inf"
                }
            ));
        }
        Value::Str(text) => string(text, out),
        Value::List(list) if list.items.is_none() => out.push_str("null"),
        Value::List(list) => {
            let items = list.items().iter().map(|item| (None, item));
            return sequence(items, "[", "]", out);
        }
        Value::Map(map) if map.entries.is_none() => out.push_str("null"),
        Value::Map(map) => {
            let entries = map.iter().map(|(key, value)| (Some(key.as_str()), value));
            return sequence(entries, "{", "}", out);
        }
        Value::Struct(s) => {
            let fields =
                s.ty.fields
                    .iter()
                    .zip(&s.fields)
                    .map(|(field, value)| (Some(field.json.as_str()), value));
            return sequence(fields, "{", "}", out);
        }
        Value::Time(time) => out.push_str(&time_text(*time)?),
        Value::Complex(..) | Value::Function(_) | Value::Named(_) => {
            return Err(format!("json: unsupported type: {}", value.type_name()));
        }
    }
    Ok(())
}

fn sequence<'a>(
    items: impl Iterator<Item = (Option<&'a str>, &'a Value)>,
    open: &str,
    close: &str,
    out: &mut Buf,
) -> Result<(), String> {
    out.push_str(open);
    for (i, (key, value)) in items.enumerate() {
        if i > 0 {
            out.push_str(",");
        }
        if let Some(key) = key {
            string(key.as_bytes(), out);
            out.push_str(":");
        }
        write(value, out)?;
    }
    out.push_str(close);
    Ok(())
}

/// With an exponent below 1e-6 and from 1e21 on, as in JavaScript.
fn float(f: f64) -> String {
    let magnitude = f.abs();
    if magnitude == 0.0 || (1e-6..1e21).contains(&magnitude) {
        return format!("{f}");
    }
    // A negative exponent of one digit stays one digit.
    exponent(f, None).replace("e-0", "e-")
}

fn string(text: &[u8], out: &mut Buf) {
    out.push_str("\"");
    for decoded in utf8::chars(text) {
        match decoded.char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ if !decoded.valid => out.push_str("\\ufffd"),
            c if c < ' ' || matches!(c, '<' | '>' | '&' | '\u{2028}' | '\u{2029}') => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => out.push_char(c),
        }
    }
    out.push_str("\"");
}

fn time_text(time: Time) -> Result<String, String> {
    let year = time.civil().year;
    if !(0..10_000).contains(&year) {
        return Err(format!("json: year {year} outside of [0,9999]"));
    }
    Ok(format!("\"{}\"", time.format("2006-01-02T15:04:05.999999999Z07:00")))
}
