//! `html`, `js` and `urlquery`.

use crate::buf::Buf;
use crate::format::is_printable;
use crate::utf8;

pub(crate) fn html(text: &[u8], out: &mut Buf) {
    for byte in text {
        match byte {
            0 => out.push_str("\u{FFFD}"),
            b'"' => out.push_str("&#34;"),
            b'\'' => out.push_str("&#39;"),
            b'&' => out.push_str("&amp;"),
            b'<' => out.push_str("&lt;"),
            b'>' => out.push_str("&gt;"),
            other => out.push(&[*other]),
        }
    }
}

pub(crate) fn js(text: &[u8], out: &mut Buf) {
    let mut rest = text;
    while let Some(decoded) = utf8::first(rest) {
        let bytes = rest.get(..decoded.len).unwrap_or_default();
        match decoded.char {
            '\\' => out.push_str("\\\\"),
            '\'' => out.push_str("\\'"),
            '"' => out.push_str("\\\""),
            '<' => out.push_str("\\u003C"),
            '>' => out.push_str("\\u003E"),
            '&' => out.push_str("\\u0026"),
            '=' => out.push_str("\\u003D"),
            c if u32::from(c) < 0x20 => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c if c.is_ascii() || is_printable(c) => out.push(bytes),
            c => out.push_str(&format!("\\u{:04X}", u32::from(c))),
        }
        rest = rest.get(decoded.len..).unwrap_or_default();
    }
}

pub(crate) fn url_query(text: &[u8], out: &mut Buf) {
    for byte in text {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(&[*byte]),
            b' ' => out.push_str("+"),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
}
