//! Constants in quotes, with Go's escapes.

use crate::utf8;

/// The bytes of a constant in double quotes or back quotes, given with its quotes.
pub(crate) fn unquote(token: &[u8]) -> Result<Vec<u8>, String> {
    let body = token.get(1..token.len().saturating_sub(1)).unwrap_or_default();
    if token.first() == Some(&b'`') {
        // As in Go, carriage returns vanish from raw strings.
        return Ok(body.iter().copied().filter(|b| *b != b'\r').collect());
    }
    let mut out = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some(unit) = unit(&mut rest, b'"')? {
        match unit {
            Unit::Char(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            Unit::Byte(byte) => out.push(byte),
        }
    }
    Ok(out)
}

/// The number of a character constant, given with its quotes.
pub(crate) fn character(token: &[u8]) -> Result<u32, String> {
    let mut rest = token.get(1..token.len().saturating_sub(1)).unwrap_or_default();
    match (unit(&mut rest, b'\'')?, rest.is_empty()) {
        (Some(Unit::Char(c)), true) => Ok(u32::from(c)),
        (Some(Unit::Byte(byte)), true) => Ok(u32::from(byte)),
        _ => Err(format!(
            "malformed character constant: {}",
            String::from_utf8_lossy(token)
        )),
    }
}

enum Unit {
    Char(char),
    Byte(u8),
}

/// Takes one character or escape.
fn unit(rest: &mut &[u8], quote: u8) -> Result<Option<Unit>, String> {
    let Some(decoded) = utf8::first(rest) else {
        return Ok(None);
    };
    let first = rest.first().copied().unwrap_or_default();
    *rest = rest.get(decoded.len..).unwrap_or_default();
    match first {
        b'\\' => escape(rest, quote).map(Some),
        byte if byte == quote => Err("invalid syntax: a quote inside quotes".into()),
        byte if !decoded.valid => Ok(Some(Unit::Byte(byte))),
        _ => Ok(Some(Unit::Char(decoded.char))),
    }
}

fn escape(rest: &mut &[u8], quote: u8) -> Result<Unit, String> {
    let kind = rest
        .first()
        .copied()
        .ok_or("invalid syntax: escape without a character")?;
    let simple = |byte: u8| Ok(Unit::Byte(byte));
    let digits = match kind {
        b'0'..=b'7' => 0,
        b'x' | b'u' | b'U' => 1,
        _ => {
            *rest = rest.get(1..).unwrap_or_default();
            return match kind {
                b'a' => simple(7),
                b'b' => simple(8),
                b'f' => simple(12),
                b'n' => simple(b'\n'),
                b'r' => simple(b'\r'),
                b't' => simple(b'\t'),
                b'v' => simple(11),
                b'\\' => simple(b'\\'),
                byte if byte == quote => simple(byte),
                byte => Err(format!(
                    "invalid syntax: escape \\{}",
                    char::from(byte).escape_default()
                )),
            };
        }
    };
    *rest = rest.get(digits..).unwrap_or_default();
    match kind {
        b'x' => byte(take(rest, 2, 16)?),
        b'u' => point(take(rest, 4, 16)?),
        b'U' => point(take(rest, 8, 16)?),
        _ => byte(take(rest, 3, 8)?),
    }
}

fn byte(value: u32) -> Result<Unit, String> {
    u8::try_from(value)
        .map(Unit::Byte)
        .map_err(|_| format!("invalid syntax: escape of byte {value}"))
}

fn point(value: u32) -> Result<Unit, String> {
    char::from_u32(value)
        .map(Unit::Char)
        .ok_or_else(|| format!("invalid syntax: escape of character {value:#x}"))
}

fn take(rest: &mut &[u8], len: usize, radix: u32) -> Result<u32, String> {
    let digits = rest.get(..len).and_then(|digits| std::str::from_utf8(digits).ok());
    let digits = digits.filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
    let value = digits.and_then(|digits| u32::from_str_radix(digits, radix).ok());
    *rest = rest.get(len..).unwrap_or_default();
    value.ok_or_else(|| format!("invalid syntax: an escape needs {len} digits"))
}
