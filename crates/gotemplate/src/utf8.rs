//! Reading characters from bytes that need not be UTF-8, as Go does: a broken byte counts as one U+FFFD.

/// The first character and its length in bytes. `valid` is false for a broken byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decoded {
    pub(crate) char: char,
    pub(crate) len: usize,
    pub(crate) valid: bool,
}

const BROKEN: Decoded = Decoded {
    char: char::REPLACEMENT_CHARACTER,
    len: 1,
    valid: false,
};

/// Decodes the first character; `None` at the end.
pub(crate) fn first(bytes: &[u8]) -> Option<Decoded> {
    let lead = *bytes.first()?;
    if lead < 0x80 {
        return Some(Decoded {
            char: char::from(lead),
            len: 1,
            valid: true,
        });
    }
    let len = match lead {
        0xC2..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF4 => 4,
        _ => return Some(BROKEN),
    };
    let text = bytes.get(..len).and_then(|part| std::str::from_utf8(part).ok());
    Some(match text.and_then(|text| text.chars().next()) {
        Some(char) => Decoded { char, len, valid: true },
        None => BROKEN,
    })
}

/// All characters of `bytes` in turn.
pub(crate) fn chars(bytes: &[u8]) -> impl Iterator<Item = Decoded> + '_ {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let decoded = first(rest)?;
        rest = rest.get(decoded.len..).unwrap_or_default();
        Some(decoded)
    })
}
