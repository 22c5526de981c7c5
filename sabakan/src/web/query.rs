//! Query strings, read strictly: what is malformed or unknown is an error that names the parameter, since a dropped
//! condition would turn a search for one machine into a list of all.

use super::error::ApiError;
use percent_encoding::percent_decode_str;

/// Splits a query string into names and values, decoded. A `+` is a space.
///
/// # Errors
/// 400 where a part holds `;`, a broken percent escape, text that is not UTF-8, or a name that stands twice.
pub fn parse(raw: Option<&str>) -> Result<Vec<(String, String)>, ApiError> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for part in raw.unwrap_or_default().split('&').filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let (name, value) = (decode(name, part)?, decode(value, part)?);
        if pairs.iter().any(|(known, _)| *known == name) {
            return Err(ApiError::bad_request(format_args!(
                "the parameter `{name}` is given twice"
            )));
        }
        pairs.push((name, value));
    }
    Ok(pairs)
}

/// Reads a query string that may hold only these names; the values in the order of the names.
///
/// # Errors
/// As [`parse`], and 400 where a name is not among them.
pub fn only<const N: usize>(raw: Option<&str>, names: [&str; N]) -> Result<[Option<String>; N], ApiError> {
    let mut values = [const { None }; N];
    for (name, value) in parse(raw)? {
        let slot = names
            .iter()
            .position(|known| *known == name)
            .ok_or_else(|| unknown(&name))?;
        if let Some(place) = values.get_mut(slot) {
            *place = Some(value);
        }
    }
    Ok(values)
}

/// 400 for a parameter that no handler knows.
pub fn unknown(name: &str) -> ApiError {
    ApiError::bad_request(format_args!("unknown parameter `{name}`"))
}

fn decode(text: &str, part: &str) -> Result<String, ApiError> {
    if text.contains(';') {
        return Err(ApiError::bad_request(format_args!(
            "`;` in the query part `{part}`; separate parts by `&`"
        )));
    }
    if has_broken_escape(text.as_bytes()) {
        return Err(ApiError::bad_request(format_args!(
            "a broken percent escape in the query part `{part}`"
        )));
    }
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8();
    decoded
        .map(std::borrow::Cow::into_owned)
        .map_err(|_not_utf8| ApiError::bad_request(format_args!("the query part `{part}` is not UTF-8")))
}

fn has_broken_escape(text: &[u8]) -> bool {
    text.iter().enumerate().any(|(at, byte)| {
        let digits = text.get(at + 1..at + 3);
        *byte == b'%' && !digits.is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn decodes_names_and_values() {
        let pairs = parse(Some("labels=a%3Db%2Cc%3Dd&state=healthy&x=a+b&")).unwrap();
        let expected = [("labels", "a=b,c=d"), ("state", "healthy"), ("x", "a b")];
        assert_eq!(pairs, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(parse(None).unwrap(), []);
    }

    #[test]
    fn malformed_parts_are_named() {
        for bad in [
            "a=1;b=2",
            "serial=%zz",
            "serial=%",
            "serial=%f",
            "rack=1&rack=2",
            "a=%ff",
        ] {
            let error = parse(Some(bad)).unwrap_err();
            assert_eq!(error.status, 400, "{bad}");
        }
        assert!(parse(Some("serial=%zz")).unwrap_err().message.contains("serial=%zz"));
    }

    #[test]
    fn unknown_names_are_refused() {
        let [since, until] = only(Some("until=20260102"), ["since", "until"]).unwrap();
        assert_eq!((since, until.as_deref()), (None, Some("20260102")));
        assert!(
            only(Some("untill=1"), ["since", "until"])
                .unwrap_err()
                .message
                .contains("untill")
        );
    }
}
